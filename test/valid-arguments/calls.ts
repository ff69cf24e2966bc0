/** A function with arguments that it takes, and with every option that is cheap. */
type Call = readonly [callable: (...args: never[]) => unknown, ...args: readonly unknown[]]

/** By the name of the function, or a path such as `FolderStore.get`. */
export type Calls = Readonly<Record<string, Call>>
