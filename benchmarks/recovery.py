"""How soon the picture is back after what happens to networks, servers and laptops, and whether anything was lost.

    python -m benchmarks.recovery [--transports webrtc,websocket] [--troubles cut,address,...]

Server and browser run in two network namespaces (`tests.network.lab`; root on Linux), with a round trip of 20 ms.
During each trouble the state is changed, an annotation is put and the picture is turned; afterwards a second page,
which was not there, must be told all of it by the server. Times run from the end of the trouble. The double of the
renderer draws: its start costs nothing, so that what is measured is the connection's.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.machine import Machine
from tests.browser.chromium import find_chromium
from tests.network.lab import Lab, lacking
from tests.network.recovery import TROUBLES, open_scene, recover, temporary_folder


def main() -> None:
    options = _options()
    program = find_chromium()
    if program is None:
        raise SystemExit("no Chromium is on the PATH; HOSTA_CHROMIUM names one")
    if (reason := lacking()) is not None:
        raise SystemExit(f"no network of two hosts can be made here: {reason}")
    print(f"{Machine.here()}\n\n| trouble | transport | picture after s | all told after s | verdict |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    failures = 0
    for transport in options.transports.split(","):
        for name, trouble in TROUBLES.items():
            if options.troubles and not any(part in name for part in options.troubles.split(",")):
                continue
            with temporary_folder() as folder, Lab() as lab:
                lab.shape(delay_ms=10)
                scene = open_scene(lab, program, transport, folder)
                try:
                    done = recover(scene, trouble)
                except (AssertionError, TimeoutError) as error:
                    failures += 1
                    print(f"| {name} | {transport} | - | - | **{' '.join(str(error).split())[:300]}** |", flush=True)
                else:
                    times = f"{done.picture_s:.1f} | {done.connected_s:.1f}"
                    print(f"| {name} | {transport} | {times} | nothing lost |", flush=True)
    sys.exit(1 if failures else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--transports", default="webrtc,websocket")
    parser.add_argument("--troubles", default="", help="parts of their names")
    return parser.parse_args()


if __name__ == "__main__":
    main()
