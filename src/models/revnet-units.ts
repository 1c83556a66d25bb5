import { BatchNorm2d, Conv2d, F, init, Module, Sequential } from '../nn/index.ts'
import {
  checkpoint,
  concat,
  customGradient,
  enableGrad,
  grad,
  isGradEnabled,
  type Tensor,
} from '../tensor/index.ts'

export const same = 'sameTensorFlow'
export const normOver = (channels: number): BatchNorm2d =>
  new BatchNorm2d(channels, { eps: 1e-3, momentum: 0.01 })

export function convolution(
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  stride: number,
): Conv2d {
  const layer = new Conv2d(inChannels, outChannels, kernelSize, { stride, padding: same, bias: false })
  const std = Math.sqrt(2 / (kernelSize ** 2 * outChannels))
  init.truncNormal(layer.weight, { std, a: -2 * std, b: 2 * std })
  return layer
}

/** As the layer itself, or, when a pass is repeated, without counting the batch a second time. */
function normalized(norm: BatchNorm2d, x: Tensor, repeated: boolean): Tensor {
  if (!repeated) return norm.forward(x)
  const { weight, bias, eps, training, running_mean, running_var } = norm
  const statistics = training ? {} : { runningMean: running_mean, runningVar: running_var }
  return F.batchNorm(x, { weight, bias, eps, training, ...statistics })
}

/** Normalization and activation (but before the very first convolution), and convolution. */
class SubLayer extends Module {
  readonly #norm: readonly [string, BatchNorm2d] | null
  readonly #conv: readonly [string, Conv2d]

  constructor(index: number, conv: Conv2d, activated: boolean) {
    super()
    this.#norm = activated ? [`bn${index}`, normOver(conv.inChannels)] : null
    this.#conv = [`conv${index}`, conv]
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    if (this.#norm) yield this.#norm
    yield this.#conv
  }

  override forward(x: Tensor, repeated = false): Tensor {
    const activated = this.#norm ? normalized(this.#norm[1], x, repeated).relu() : x
    return this.#conv[1].forward(activated)
  }
}

/** The functions F and G of a unit, on half of its channels. */
class Residual extends Module {
  sub1: SubLayer
  sub2: SubLayer
  sub3: SubLayer | null

  constructor(
    inChannels: number,
    outChannels: number,
    stride: number,
    bottleneck: boolean,
    activated = true,
  ) {
    super()
    const layer = (index: number, from: number, to: number, kernel: number, by = 1): SubLayer =>
      new SubLayer(index, convolution(from, to, kernel, by), activated || index > 1)
    if (bottleneck) {
      const hidden = outChannels / 4
      this.sub1 = layer(1, inChannels, hidden, 1, stride)
      this.sub2 = layer(2, hidden, hidden, 3)
      this.sub3 = layer(3, hidden, outChannels, 1)
    } else {
      this.sub1 = layer(1, inChannels, outChannels, 3, stride)
      this.sub2 = layer(2, outChannels, outChannels, 3)
      this.sub3 = null
    }
  }

  override forward(x: Tensor, repeated = false): Tensor {
    const y = this.sub2.forward(this.sub1.forward(x, repeated), repeated)
    return this.sub3 === null ? y : this.sub3.forward(y, repeated)
  }
}

type Halves = readonly [Tensor, Tensor]

function halves(x: Tensor): Halves {
  return x.chunk(2, 1) as unknown as Halves
}

class Projection extends Module {
  project: Conv2d

  constructor(inChannels: number, outChannels: number, stride: number) {
    super()
    this.project = convolution(inChannels, outChannels, 1, stride)
  }

  override forward(x: Tensor): Tensor {
    return this.project.forward(x)
  }
}

interface UnitOptions {
  readonly stride: number
  readonly bottleneck: boolean
  /** Whether F starts with a normalization and activation. */
  readonly activated: boolean
}

/** y1 = x1 + F(x2), y2 = x2 + G(y1), with shortcuts of other sizes in the first unit of a stage. */
export class Unit extends Module {
  f: Residual
  x1_bottleneck: Projection | null
  x2_bottleneck: Projection | null
  g: Residual
  readonly #stride: number
  readonly #added: number

  constructor(inChannels: number, outChannels: number, { stride, bottleneck, activated }: UnitOptions) {
    super()
    const [from, to] = [inChannels / 2, outChannels / 2]
    const projected = bottleneck && (stride > 1 || from !== to)
    this.f = new Residual(from, to, stride, bottleneck, activated)
    this.x1_bottleneck = projected ? new Projection(from, to, stride) : null
    this.x2_bottleneck = projected ? new Projection(from, to, stride) : null
    this.g = new Residual(to, to, 1, bottleneck)
    this.#stride = stride
    this.#added = to - from
  }

  #shortcut(x: Tensor, projection: Projection | null): Tensor {
    if (projection !== null) return projection.forward(x)
    const pooled = this.#stride > 1 ? F.avgPool2d(x, this.#stride) : x
    const before = Math.floor(this.#added / 2)
    return this.#added === 0 ? pooled : F.pad(pooled, [0, 0, 0, 0, before, this.#added - before])
  }

  override forward(x: Tensor): Tensor {
    const [x1, x2] = halves(x)
    const y1 = this.#shortcut(x1, this.x1_bottleneck).add(this.f.forward(x2))
    const y2 = this.#shortcut(x2, this.x2_bottleneck).add(this.g.forward(y1))
    return concat([y1, y2], 1)
  }
}

/**
 * A stage: a unit that changes the size, whose activations are computed again for the gradient, and units that can be run
 * backwards, x2 = y2 - G(y1) and x1 = y1 - F(x2). Of all of them only the stage's input and output are kept.
 */
export class ReversibleStage extends Sequential {
  readonly #reversible: boolean

  constructor(units: readonly Unit[], reversible: boolean) {
    super(...units)
    this.#reversible = reversible
  }

  override forward(x: Tensor): Tensor {
    const [first, ...rest] = [...this] as [Unit, ...Unit[]]
    if (!this.#reversible || !isGradEnabled()) return super.forward(x)
    const start = checkpoint(() => first.forward(x))
    const parameters = rest.flatMap((unit) => trained(unit))
    if (rest.length === 0) return start
    return customGradient(
      [start, ...parameters],
      (y) => rest.reduce((z, unit) => unit.forward(z), y),
      (gradient, value) => {
        const found = backwards(rest, value, gradient)
        return [found.gradient, ...parameters.map((parameter) => found.ofParameters.get(parameter)!)]
      },
    )
  }
}

function trained(module: Module): Tensor[] {
  return module.parameters().filter(({ requiresGrad }) => requiresGrad)
}

/** Runs units backwards from their output, rebuilding their inputs, and gives the gradients of the input and parameters. */
function backwards(
  units: readonly Unit[],
  value: Tensor,
  gradient: Tensor,
): { readonly gradient: Tensor; readonly ofParameters: ReadonlyMap<Tensor, Tensor> } {
  if (isGradEnabled()) {
    throw new Error('RevNet: reversible units have first derivatives only; create with { reversible: false }')
  }
  const ofParameters = new Map<Tensor, Tensor>()
  let [y1, y2] = halves(value)
  let [d1, d2] = halves(gradient)
  for (const { f, g } of [...units].reverse()) {
    const ofG = differentiated(g, y1, d2)
    const x2 = y2.sub(ofG.value)
    d1 = d1.add(ofG.gradient)
    const ofF = differentiated(f, x2, d1)
    y1 = y1.sub(ofF.value)
    y2 = x2
    d2 = d2.add(ofF.gradient)
    for (const [parameter, found] of [...ofF.ofParameters, ...ofG.ofParameters]) {
      ofParameters.set(parameter, found)
    }
  }
  return { gradient: concat([d1, d2], 1), ofParameters }
}

interface Differentiated {
  readonly value: Tensor
  readonly gradient: Tensor
  readonly ofParameters: readonly (readonly [Tensor, Tensor])[]
}

/** What a function gives for x, and the gradients of x and its parameters from that of its result. */
function differentiated(fn: Residual, x: Tensor, gradient: Tensor): Differentiated {
  const leaf = x.detach()
  leaf.requiresGrad = true
  const parameters = trained(fn)
  const value = enableGrad(() => fn.forward(leaf, true))
  const [ofX, ...others] = grad(value, [leaf, ...parameters], { gradients: [gradient] })
  return {
    value: value.detach(),
    gradient: ofX!,
    ofParameters: parameters.map((parameter, i) => [parameter, others[i]!] as const),
  }
}
