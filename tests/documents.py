"""Write the pages that are made of the code anew, and tell what has no words yet.

`.venv/bin/python -m tests.documents`, after a change of tables, addresses or commands.
"""

import sys

from tests import addresses, command_list, dictionary


def main() -> int:
    tables, told = dictionary.migrated(), dictionary.words()
    dictionary.PAGE.write_text(dictionary.page(tables, told))
    routes, about = addresses.addresses(), addresses.words()
    addresses.PAGE.write_text(addresses.page(routes, about))
    commands = command_list.commands()
    command_list.PAGE.write_text(command_list.page(commands))
    guide = addresses.GUIDE.read_text()
    problems = [
        *dictionary.undocumented(tables, told),
        *dictionary.unused(tables, told),
        *addresses.undocumented(routes, about, guide),
        *addresses.unused(routes, about),
        *command_list.undocumented(commands, guide),
    ]
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
