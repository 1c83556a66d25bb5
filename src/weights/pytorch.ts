import type { PlainValue } from './pytorch-values.ts'
import type { RandomAccess } from './random-access.ts'
import type { FileChunks } from './safetensors-write.ts'
import type { StoredTensor, WeightTensor } from './state-dict.ts'

export interface PyTorchOptions {
  /** Which entry of the file holds the state dictionary, such as `ema` or `models.generator`; by default searched. */
  readonly key?: string
  /** Drop `module.` (DataParallel) and `_orig_mod.` (torch.compile) from the names. Default true. */
  readonly stripPrefixes?: boolean
  /** Full names of Python classes whose instances may stay unread, where the file would be refused for them. */
  readonly opaque?: readonly string[]
}

export interface PyTorchFile {
  /** How the file is packed: zip (torch 1.6 and later), legacy, or a plain pickle of arrays. */
  readonly format: 'pytorch-zip' | 'pytorch-legacy' | 'pickle'
  /** The state dictionary, in its own order. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Where in the file it was, such as `state_dict`; empty where it is the file's own value. */
  readonly key: string
  /** The text that Ocelli wrote with the weights; empty for other files. */
  readonly metadata: Readonly<Record<string, string>>
  /** Everything else: epoch, best accuracy, the optimizer's state … */
  readonly values: { readonly [key: string]: PlainValue }
}

/** Whether a file that begins with these bytes can be a zip archive. */
export function looksLikeZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4
}

/** Whether a file that begins with these bytes can be a pickle: protocols 2 to 5, or torch's magic number as text. */
export function looksLikePickle(start: Uint8Array): boolean {
  if (start[0] === 0x80) return start[1] !== undefined && start[1] >= 2 && start[1] <= 5
  const text = 'L119547037146038801333356L'
  return [...text].every((c, i) => start[i] === c.charCodeAt(0))
}

/**
 * Opens a file of torch.save (.pth, .pt, .th): the pickle is read with a restricted reader that executes nothing and
 * refuses by name what it does not know; tensors are read on demand. Throws a CheckpointError.
 */
export async function openPyTorch(source: RandomAccess, options: PyTorchOptions = {}): Promise<PyTorchFile> {
  // The reader is large, and most weights are safetensors.
  const { openTorchFile } = await import('./pytorch-file.ts')
  return openTorchFile(source, options)
}

/**
 * A file of torch.save in parts that share the tensors' memory: an OrderedDict of tensors on the CPU, in the order of the map,
 * which `torch.load(file, weights_only=True)` opens. `metadata` becomes the dictionary's attribute `ocelli`, as torch keeps its
 * own `_metadata`. Throws a RangeError for element types without a storage class (float8, unsigned integers above 8 bits)
 * and for files of 4 GiB or more.
 */
export async function pyTorchChunks(
  tensors: ReadonlyMap<string, WeightTensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<FileChunks> {
  const { torchFileChunks } = await import('./pytorch-write.ts')
  return torchFileChunks(tensors, metadata)
}
