"""Writes .onnx files: networks made ready for TensorRT, and the frame's own arithmetic as graphs.

Needs onnx; nothing on the CPU path imports it.
"""
