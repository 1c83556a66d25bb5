/** Whether a file begins as HDF5 does. */
export function looksLikeHdf5(start: Uint8Array): boolean {
  return String.fromCharCode(...start.subarray(0, 8)) === '\x89HDF\r\n\x1a\n'
}

/** Whether a zip archive begins with what Keras puts into it. @param name Of the file, in lower case. */
export function looksLikeKerasArchive(start: Uint8Array, name: string): boolean {
  const text = String.fromCharCode(...start.subarray(0, 64))
  if (!text.startsWith('PK\x03\x04')) return false
  return /^.{30}(metadata\.json|config\.json|model\.weights\.)/s.test(text) || name.endsWith('.keras')
}

/** Whether a file begins like a model.json of TensorFlow.js. */
export function looksLikeTfjs(start: Uint8Array): boolean {
  const text = String.fromCharCode(...start)
  return /^\s*\{/.test(text) && /"(modelTopology|weightsManifest)"|"(layers|graph)-model"/.test(text)
}
