"""Completion by the shell: of commands, options, what an option may be, and names of files.

In: a command line half written, which the shell's script hands to this program in `_PROTOPARSE_COMPLETE`. Out: what may
come next, after `protoparse export --to c`: circe, conll, cql, csv, ctml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from protoparse.cli.export import LIST

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

NAME = "protoparse"
VARIABLE = "_PROTOPARSE_COMPLETE"


class _Input(click.ParamType):  # type: ignore[type-arg]
    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


class _Target(click.ParamType):  # type: ignore[type-arg]
    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from protoparse.export.exporting import exporters

        return [CompletionItem(name) for name in (*exporters(), LIST) if name.startswith(incomplete)]


def prepare(command: click.Command) -> None:
    """Tell what click cannot know: arguments are names of files, and a target is one of the exporters'."""
    for param in command.params:
        if param.type is click.STRING and isinstance(param, click.Argument):
            param.type = _Input()
        elif param.name == "target":
            param.type = _Target()
    if isinstance(command, click.Group):
        for member in command.commands.values():
            prepare(member)


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options and names of files.

    \b
    Examples:
      eval "$(protoparse completion bash)"                                      in ~/.bashrc, bash 4.4 or later
      eval "$(protoparse completion zsh)"                                       in ~/.zshrc, after compinit
      protoparse completion fish > ~/.config/fish/completions/protoparse.fish   once
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, NAME, VARIABLE).source())
