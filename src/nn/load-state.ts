import type { TypedArray } from '../graph/dtype.ts'
import { formatShape, type Shape, sameShape } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import { noGrad } from '../tensor/autograd.ts'
import { Tensor } from '../tensor/tensor.ts'
import { convertTo, type WeightTensor } from '../weights/state-dict.ts'

/** Where values come from: another tensor, or one that a weight file holds. */
export type LoadSource = Tensor | WeightTensor

export interface ShapeMismatch {
  readonly name: string
  readonly wanted: Shape
  readonly got: Shape
}

export interface LoadResult {
  /** Names of the module that the source lacks. */
  readonly missing: readonly string[]
  /** Names of the source that the module lacks. */
  readonly unexpected: readonly string[]
  readonly mismatched: readonly ShapeMismatch[]
}

/** Loads what fits; in strict mode everything must. */
export function loadState(
  what: string,
  state: ReadonlyMap<string, Tensor>,
  source: ReadonlyMap<string, LoadSource>,
  { strict = true, assign = false }: { readonly strict?: boolean; readonly assign?: boolean },
): LoadResult {
  const missing: string[] = []
  const mismatched: ShapeMismatch[] = []
  const fitting: [name: string, target: Tensor, value: LoadSource][] = []
  for (const [name, target] of state) {
    const value = source.get(name)
    if (value === undefined) {
      if (!isBatchCount(name)) missing.push(name)
    } else if (fits(target.shape, value.shape)) {
      fitting.push([name, target, value])
    } else {
      mismatched.push({ name, wanted: target.shape, got: value.shape })
    }
  }
  const unexpected = [...source.keys()].filter((name) => !state.has(name))
  const result: LoadResult = { missing, unexpected, mismatched }
  if (strict && missing.length + unexpected.length + mismatched.length > 0) {
    throw new Error(describe(what, result))
  }
  // Every value is converted before the first is stored, so that one that can't be leaves the module as it was.
  const taken = assign ? new Set<ArrayBufferLike>() : null
  const stores = fitting.map(([name, target, value]) => prepare(name, target, value, taken))
  for (const store of stores) store()
  return result
}

function isBatchCount(name: string): boolean {
  return name === 'num_batches_tracked' || name.endsWith('.num_batches_tracked')
}

/** Scalars were stored with shape [1] by old versions of PyTorch. */
function fits(wanted: Shape, got: Shape): boolean {
  return sameShape(wanted, got) || (wanted.length === 0 && sameShape(got, [1]))
}

/** What stores a value. Arrays that are taken over rather than copied are noted in `taken`, if it is given. */
function prepare(
  name: string,
  target: Tensor,
  value: LoadSource,
  taken: Set<ArrayBufferLike> | null,
): () => void {
  let values: TypedArray | undefined
  if (!(value instanceof Tensor)) {
    const own = convertTo(value, target.dtype, name)
    const { buffer } = own
    // Not those that share their memory, such as tied weights: parameters are updated in place.
    if (taken !== null && own.byteLength === buffer.byteLength && !taken.has(buffer)) {
      taken.add(buffer)
      return () => target.load(own, { assign: true })
    }
    values = own
  } else if (value.dtype === target.dtype && value.node.storage instanceof HostStorage) {
    values = value.node.storage.data
  }
  if (values !== undefined) {
    const known = values
    return () => target.load(known)
  }
  const tensor = value as Tensor
  return () => noGrad(() => target.assign(tensor.to(target.dtype).reshape(target.shape)))
}

const maxLines = 40

function describe(what: string, { missing, unexpected, mismatched }: LoadResult): string {
  const rows = [
    ...mismatched.map(({ name, wanted, got }) => [name, formatShape(wanted), formatShape(got)]),
    ...missing.map((name) => [name, 'wanted', 'missing']),
    ...unexpected.map((name) => [name, 'not in the module', 'given']),
  ]
  const table = [['name', 'module', 'given'], ...rows.slice(0, maxLines)]
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]!.length)))
  const lines = table.map(
    ([name, wanted, got]) => `  ${name!.padEnd(widths[0]!)}  ${wanted!.padEnd(widths[1]!)}  ${got}`,
  )
  if (rows.length > maxLines) lines.push(`  … and ${rows.length - maxLines} more`)
  return (
    `loadStateDict: the values do not fit ${what}: ${mismatched.length} of another shape, ${missing.length} missing, ` +
    `${unexpected.length} unexpected. Load with { strict: false } to take only what fits.\n${lines.join('\n')}`
  )
}
