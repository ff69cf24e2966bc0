// For the other packages of this project alone; it may change in any release.
export { createPrivateFile, type CreateFileOptions } from './files/create-file.ts'
