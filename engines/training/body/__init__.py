"""Training of the body network: samples, losses, a step, weights in and out, and teaching it pictures of one's own."""
