import { readdir } from 'node:fs/promises'

/** The files of a folder, sorted, without the records of when its keys arrived. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => !isArrival(name)).toSorted()
}

/** The records of when the keys of a folder arrived, sorted. */
export async function arrivalsIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter(isArrival).toSorted()
}

function isArrival(name: string): boolean {
  return name.startsWith('.') && name.includes('.arrived-')
}
