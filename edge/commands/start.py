"""What the console script calls: Ctrl-C while the program is still being loaded ends it without a traceback, as it does later on."""

import signal


def start() -> int:
    """Load the program and run it; its exit status."""
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not so behind an `&` of a shell
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from edge.commands.main import main

    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return main()
