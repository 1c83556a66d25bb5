/** Ends of names that TensorFlow gives to what a layer is made of, which are no part of the layer's own name. */
const partNames: ReadonlySet<string> = new Set(
  (
    'Conv2D Conv2D_Fold depthwise depthwise_Fold separable_conv2d conv2d_transpose Conv2DBackpropInput MatMul Tensordot ' +
    'weights weight kernel filter depthwise_weights depthwise_kernel gamma alpha alphas Neg weights_quant ' +
    'FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel ReadVariableOp resource read BiasAdd Const LastValueQuant'
  ).split(' '),
)

/**
 * The name of a layer from that of its weights: MobilenetV1/Conv2d_0/weights_quant/FakeQuantWithMinMaxVars becomes
 * MobilenetV1.Conv2d_0. Of the names that the converter joins by semicolons where it fuses, that of the operator counts.
 */
export function layerName(tensorName: string): string {
  const alternatives = tensorName
    .split(';')
    .map((name) => name.split('/').map((part) => part.replace(/:\d+$/, '')))
  const shortened = alternatives.map((parts) => {
    let length = parts.length
    while (length > 1 && partNames.has(parts[length - 1]!)) length--
    return parts.slice(0, length)
  })
  const best = shortened.findIndex((parts, i) => parts.length < alternatives[i]!.length)
  return dotted(shortened[Math.max(best, 0)]!)
}

/** The name of a constant that belongs to no layer with weights. */
export function constantName(tensorName: string): string {
  return dotted(tensorName.split(';')[0]!.replace(/:\d+$/, '').split('/'))
}

function dotted(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('.') || 'constant'
}

/** Gives every name once: a second one that is wanted gets a number. */
export class UniqueNames {
  readonly #taken = new Set<string>()
  readonly #next = new Map<string, number>()

  take(wanted: string): string {
    let name = wanted
    let next = this.#next.get(wanted) ?? 1
    while (this.#taken.has(name)) name = `${wanted}_${next++}`
    this.#next.set(wanted, next)
    this.#taken.add(name)
    return name
  }

  /** A base of which none of the names with the given endings is taken. */
  takeBase(wanted: string, endings: readonly string[]): string {
    let base = wanted
    let next = this.#next.get(`${wanted}.`) ?? 1
    while (endings.some((ending) => this.#taken.has(base + ending))) base = `${wanted}_${next++}`
    this.#next.set(`${wanted}.`, next)
    for (const ending of endings) this.#taken.add(base + ending)
    return base
  }
}
