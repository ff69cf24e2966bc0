// Only for the other packages of this project; it may change in any release.
export { createPrivateFile, replacePrivateFile } from './files/create-file.ts'
export { fileState } from './files/file-state.ts'
export { readLocalUri } from './find/signing-uri.ts'
