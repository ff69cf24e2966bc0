// For the other packages of this project alone; it may change in any release.
export {
  createPrivateFile,
  flushFolder,
  replacePrivateFile,
  type CreateFileOptions,
} from './files/create-file.ts'
export { type Owner } from './files/owner.ts'
export { fileState, type FileState } from './files/file-state.ts'
export { readLocalUri, type LocalUri } from './find/signing-uri.ts'
