import { must, type Check } from '@sealwright/core/internal'

/** Paths are shown in messages. Text with a line break and JSON objects are the contents of a key file, which no message may show. */
const isPath = (value: unknown): boolean => typeof value === 'string' && !/^$|[\r\n]|^\s*\{/.test(value)

export const aFilePath: Check = must('the path of a file', isPath)
export const aFolderPath: Check = must('the path of a folder', isPath)
