import { CheckpointError } from '../errors.ts'
import type { RandomAccess } from '../random-access.ts'
import type { StoredTensor } from '../state-dict.ts'
import { type Arrangement, constantTensor, isReadable } from './constants.ts'
import { plainLayout } from './layout.ts'
import { constantName, type UniqueNames } from './names.ts'
import type { TfliteModel, TfliteTensor } from './read.ts'

/** Constants may be shared by tensors, but a file of a few bytes is not to become many times as many. */
const sharingLimit = 8

/** The constants of a file that its operators take, each once in every arrangement that is asked for. */
export class Weights {
  /** By their names in state dicts, in the order in which operators take them. */
  readonly stored: Map<string, StoredTensor> = new Map()
  readonly #model: TfliteModel
  readonly #source: RandomAccess
  readonly #names: UniqueNames
  readonly #placed = new Map<string, string>()
  readonly #used = new Set<number>()
  #bytes = 0

  constructor(model: TfliteModel, source: RandomAccess, names: UniqueNames) {
    this.#model = model
    this.#source = source
    this.#names = names
  }

  /** The name of a constant in an arrangement. @param name Gives the name, where it has none yet. */
  place(index: number, arrangement: Arrangement, name: () => string): string {
    this.#used.add(index)
    const key = `${index}:${arrangement.shape}:${arrangement.order}`
    const known = this.#placed.get(key)
    if (known !== undefined) return known
    const stored = this.#stored(index, arrangement)
    const given = name()
    this.stored.set(given, stored)
    this.#placed.set(key, given)
    return given
  }

  /** The weights that no operator took, for reading those of a network that has unsupported ones. */
  unused(): Map<string, StoredTensor> {
    const found = new Map<string, StoredTensor>()
    for (const [index, tensor] of this.#model.tensors.entries()) {
      if (this.#used.has(index) || !isWeight(tensor)) continue
      const { shape } = tensor
      const stored = this.#stored(index, { shape, order: plainLayout(shape.length) })
      found.set(this.#names.take(constantName(tensor.name)), stored)
    }
    return found
  }

  #stored(index: number, arrangement: Arrangement): StoredTensor {
    const tensor = this.#model.tensors[index]!
    this.#bytes += tensor.data?.length ?? 0
    if (this.#bytes > sharingLimit * this.#source.size) {
      throw new CheckpointError(
        this.#model.file,
        `its tensors share the same bytes so often that they take over ${sharingLimit} times the ${this.#source.size} of the file`,
      )
    }
    return constantTensor(this.#source, tensor, arrangement)
  }
}

/** Floats and what stands for them; other numbers say how operators work. */
function isWeight(tensor: TfliteTensor): boolean {
  const isReal = tensor.quantization !== undefined || tensor.type === 0 || tensor.type === 1
  return tensor.data !== undefined && isReal && isReadable(tensor)
}
