import { CheckpointError, copyAgain } from '../errors.ts'

/** The number that a .param file of ncnn begins with. */
export const magic = '7767517'

/** A layer as the .param file has it. */
export interface LayerLine {
  readonly type: string
  readonly name: string
  readonly bottoms: readonly string[]
  readonly tops: readonly string[]
  readonly params: Params
  /** Where in the file, counted from 1. */
  readonly line: number
}

type Value = number | readonly number[] | string

const maximalId = 255
const maximalLayers = 2 ** 20

/** The numbered parameters of a layer. Their meaning is the layer's own. */
export class Params {
  readonly #values: ReadonlyMap<number, Value>
  readonly #fail: (what: string) => never

  constructor(values: ReadonlyMap<number, Value>, fail: (what: string) => never) {
    this.#values = values
    this.#fail = fail
  }

  has(id: number): boolean {
    return this.#values.has(id)
  }

  number(id: number, otherwise: number): number {
    const value = this.#values.get(id) ?? otherwise
    return typeof value === 'number' ? value : this.#fail(`parameter ${id} is no number`)
  }

  int(id: number, otherwise: number): number {
    const value = this.number(id, otherwise)
    return Number.isInteger(value) && Math.abs(value) < 2 ** 31
      ? value
      : this.#fail(`parameter ${id} is ${value}, no 32-bit integer`)
  }

  /** A list; empty where it is missing. */
  list(id: number): readonly number[] {
    const value = this.#values.get(id) ?? []
    if (typeof value === 'string') return this.#fail(`parameter ${id} is no list`)
    return typeof value === 'number' ? [value] : value
  }

  text(id: number): string {
    const value = this.#values.get(id) ?? ''
    return typeof value === 'string' ? value : this.#fail(`parameter ${id} is no text`)
  }
}

/** The layers of a .param file in text form (https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure). */
export function parseParam(text: string, file: string): LayerLine[] {
  const lines: { content: string; line: number }[] = []
  for (const [i, each] of text.split(/\r\n|\n|\r/).entries()) {
    const content = each.trim()
    if (content !== '') lines.push({ content, line: i + 1 })
    if (lines.length > maximalLayers + 2)
      throw new CheckpointError(file, `has more than ${maximalLayers} layers`)
  }
  const [first, counts, ...layers] = lines
  if (first?.content !== magic)
    throw new CheckpointError(file, `no .param of ncnn: it does not begin with ${magic}`)
  const match = /^(\d+)\s+(\d+)$/.exec(counts?.content ?? '')
  const count = Number(match?.[1])
  if (match === null || count < 1 || count > maximalLayers) {
    throw new CheckpointError(file, `line ${counts?.line ?? 2}: the numbers of layers and blobs belong here`)
  }
  if (layers.length !== count) {
    throw new CheckpointError(
      file,
      `has ${layers.length} of the ${count} layers that it announces`,
      undefined,
      {
        advice: copyAgain,
      },
    )
  }
  return layers.map(({ content, line }) => parseLayer(content, line, file))
}

function parseLayer(content: string, line: number, file: string): LayerLine {
  const fail = (what: string): never => {
    throw new CheckpointError(file, `line ${line}: ${what}`)
  }
  const tokens = content.match(/-?\d+="[^"]*"|\S+/g) ?? []
  const [type = '', name = '', bottomCount = '', topCount = ''] = tokens
  const counts = [bottomCount, topCount].map((text) => (/^\d{1,6}$/.test(text) ? Number(text) : Number.NaN))
  const [bottoms, tops] = counts as [number, number]
  if (!(4 + bottoms + tops <= tokens.length)) {
    return fail('a layer is its type, its name, how many blobs it takes and makes, and their names')
  }
  const params = new Map<number, Value>()
  for (const token of tokens.slice(4 + bottoms + tops)) {
    const match =
      /^(-?\d{1,6})=(.+)$/s.exec(token) ?? fail(`${token.slice(0, 40)} is no parameter (number=value)`)
    parseParameter(Number(match[1]), match[2]!, params, fail)
  }
  return {
    type,
    name,
    bottoms: tokens.slice(4, 4 + bottoms),
    tops: tokens.slice(4 + bottoms, 4 + bottoms + tops),
    params: new Params(params, (what) => fail(`layer ${name} (${type}): ${what}`)),
    line,
  }
}

const numeric = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Ids from -23300 downward announce a list that begins with its length. */
const listIds = -23300

function parseParameter(
  id: number,
  text: string,
  params: Map<number, Value>,
  fail: (what: string) => never,
): void {
  const plain = id <= listIds ? listIds - id : id
  if (plain < 0 || plain > maximalId) fail(`there is no parameter ${id}`)
  const parts = text.split(',').filter((part, i, all) => part !== '' || i < all.length - 1)
  const numbers = parts.every((part) => numeric.test(part)) ? parts.map(Number) : undefined
  if (id <= listIds) {
    if (numbers === undefined || numbers[0] !== numbers.length - 1) {
      return fail(`parameter ${id} announces ${parts[0]} numbers, but has ${parts.length - 1}`)
    }
    params.set(plain, numbers.slice(1))
  } else if (numbers === undefined) {
    params.set(plain, text.replace(/^"(.*)"$/s, '$1'))
  } else {
    params.set(plain, text.includes(',') ? numbers : numbers[0]!)
  }
}
