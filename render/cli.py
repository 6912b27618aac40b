"""The `hosta` command: results go to stdout, everything else to stderr.

Exit codes: 0 all is well, 1 an error, 2 the command was not understood, 3 data cannot be read, 4 no usable OpenGL,
130 interrupted. An error is one sentence; HOSTA_DEBUG=1 shows where it came from.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from . import __version__
from .commands.bench import bench
from .commands.convert import convert
from .commands.doctor import doctor
from .commands.frame import frame
from .commands.index import index
from .commands.info import info
from .commands.mesh import mesh
from .commands.pick import pick
from .commands.serve import demo, serve, view
from .errors import HostaError
from .logs import set_up_logs

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

log = logging.getLogger("render.cli")

app = typer.Typer(
    name="hosta",
    help="Path-trace large volumes and segmentations, and stream the picture to a browser.",
    add_completion=False,
    rich_markup_mode=None,  # plain help: faster, and the same in a terminal and in a log
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (demo, serve, view, frame, pick, mesh, info, convert, index, doctor):
    app.command()(command)
app.add_typer(bench, name="bench")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hosta {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what happens, in detail, on stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    set_up_logs(verbose)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(EXIT_USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is returned. `arguments` None means those of the process."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of data may hold what the terminal's encoding has not
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = app(args=arguments, prog_name="hosta", standalone_mode=False)
    except HostaError as error:
        if (whole := str(error)) != error.sentence:
            log.info("%s", whole)
        return _report(error, error.sentence, error.exit_code)
    except typer.TyperException as error:  # the command line itself is wrong
        return _report(error, _usage_sentence(error), error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as `hosta info … | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except OSError as error:
        return _report(error, _os_sentence(error), EXIT_ERROR)
    except MemoryError as error:
        return _report(error, "the machine ran out of memory; a smaller size or a coarser level may fit", EXIT_ERROR)
    except Exception as error:
        sentence = f"this should not have happened: {type(error).__name__}: {error}; HOSTA_DEBUG=1 shows where"
        return _report(error, sentence, EXIT_ERROR)
    if code == EXIT_INTERRUPTED:  # what typer makes of Ctrl-C
        print("hosta: interrupted", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _report(error: BaseException, sentence: str, code: int) -> int:
    if os.environ.get("HOSTA_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    print("hosta: " + " ".join(sentence.split()), file=sys.stderr)
    return code


def _usage_sentence(error: typer.TyperException) -> str:
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "hosta"
    return f"{message} (see {where} --help)"


def _os_sentence(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"{str(error.filename)[-200:]}: {reason}" if error.filename else reason


if __name__ == "__main__":
    sys.exit(main())
