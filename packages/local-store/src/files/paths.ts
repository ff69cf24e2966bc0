import { must, type Check } from '@sealwright/core/internal'

/** A path that goes into messages. A text with a line break or a JSON object is the contents of a key file, which no message may show. */
const isPath = (value: unknown): boolean => typeof value === 'string' && !/^$|[\r\n]|^\s*\{/.test(value)

export const aFilePath: Check = must('the path of a file', isPath)
export const aFolderPath: Check = must('the path of a folder', isPath)
