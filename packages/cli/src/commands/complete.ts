import { readdirSync } from 'node:fs'
import type { Command as Suggested, Complete } from '@bomb.sh/tab'
import { Argument, Command } from 'commander'

const shells = ['bash', 'zsh', 'fish', 'powershell']

/** `sealwright complete`: the script of a shell. It asks {@link suggest} at each press of the tab key. */
export function completeCommand(): Command {
  return new Command('complete')
    .description(
      'print the script that completes commands, options and files in a shell: source <(sealwright complete bash)',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action(async (shell: string) => {
      // No other command needs it.
      const { script } = await import('@bomb.sh/tab')
      script(shell, 'sealwright', 'sealwright')
    })
}

/**
 * Prints what the last of the words can be, for the script of {@link completeCommand}.
 *
 * @param words after `sealwright`; the last one is not finished
 */
export async function suggest(program: Command, words: readonly string[]): Promise<void> {
  const { RootCommand } = await import('@bomb.sh/tab')
  const root = new RootCommand()
  const files: (this: unknown, complete: Complete) => void = (complete) => {
    for (const name of filesLike(words.at(-1) ?? '')) complete(name, '')
  }
  addOptions(root, program, files)
  for (const [path, command] of pathsOf(program)) {
    addOptions(root.command(path, command.description()), command, files)
  }
  root.parse([...words])
}

function pathsOf(command: Command, prefix = ''): readonly (readonly [string, Command])[] {
  return command.commands.flatMap((each) => {
    const path = `${prefix}${each.name()}`
    return [[path, each] as const, ...pathsOf(each, `${path} `)]
  })
}

function addOptions(suggested: Suggested, command: Command, files: (complete: Complete) => void): void {
  for (const { long, description, argChoices, required, optional } of command.options) {
    const takesValue = required || optional
    const values = (complete: Complete): void => argChoices?.forEach((choice) => complete(choice, ''))
    if (takesValue)
      suggested.option(long?.slice(2) ?? '', description, argChoices === undefined ? files : values)
    else suggested.option(long?.slice(2) ?? '', description)
  }
  for (const argument of command.registeredArguments) {
    const { argChoices } = argument
    const values = (complete: Complete): void => argChoices?.forEach((choice) => complete(choice, ''))
    suggested.argument(argument.name(), argChoices === undefined ? files : values, argument.variadic)
  }
}

/** The files and folders whose paths begin with this. */
function filesLike(start: string): readonly string[] {
  const folder = start.slice(0, start.lastIndexOf('/') + 1)
  try {
    return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.') || start.slice(folder.length).startsWith('.'))
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .filter((path) => path.startsWith(start))
  } catch {
    // A missing folder has no completions.
    return []
  }
}
