"""``python -m streamer serve | dress | bench | catalog``."""

from __future__ import annotations

import argparse
import importlib
import sys

from engines.errors import exit_on_user_error

COMMANDS = {
    "serve": "open the fitting room: the page and the live video",
    "dress": "dress the person on a photo, in a folder of photos, or in a video",
    "cluster": "the same on Ray Serve: on more machines than one",
    "settings": "print the settings in force, from a file and the command line",
    "password": "set the staff password",
    "bench": "measure the pipeline on a clip",
    "profile": "measure glass to glass in a real browser",
    "catalog": "list, export, import and remove garments",
}
MODULES = {"catalog": "catalog.command"}  # the others are where their name says


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its module is imported only when it is asked for."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m streamer", description="The live fitting room.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    asked = next((word for word in arguments if not word.startswith("-")), None)
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        if name == asked:
            module = importlib.import_module(f".{MODULES.get(name, name)}", __package__)
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    parsed = parser.parse_args(arguments)
    return parsed.run(parsed)


if __name__ == "__main__":
    sys.exit(exit_on_user_error(main))
