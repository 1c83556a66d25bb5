import { AvgPool2d, Dropout, F, Identity, Linear, MaxPool2d, Module } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { DarknetSectionOf } from '../weights/darknet/config.ts'
import type { DarknetLayer } from '../weights/darknet/layers.ts'
import { activate } from './darknet-activations.ts'
import { DarknetDetection, DarknetGaussianYolo, DarknetRegion, DarknetYolo } from './darknet-boxes.ts'
import { DarknetBatchNorm2d, DarknetConvolution, DarknetSharedConvolution } from './darknet-convolution.ts'
import { DarknetLocal, DarknetNormalization, DarknetReorg, DarknetShortcut } from './darknet-layers.ts'

/** A layer without parameters, which computes one function of its inputs. */
class DarknetFunction extends Module {
  readonly #compute: (...inputs: Tensor[]) => Tensor

  constructor(compute: (...inputs: Tensor[]) => Tensor) {
    super()
    this.#compute = compute
  }

  override forward(...inputs: Tensor[]): Tensor {
    return this.#compute(...inputs)
  }
}

const poolPadding = (padding: number) => {
  const before = Math.floor(padding / 2)
  return [before, padding - before, before, padding - before] as const
}

/** The module of a layer; `modules` are those of the layers before it. */
export function darknetModule(layer: DarknetLayer, modules: readonly Module[]): Module {
  const { section, from, out, place } = layer
  switch (section.type) {
    case 'convolutional': {
      const { shareIndex } = section
      if (shareIndex === undefined) return new DarknetConvolution(from.channels, section)
      const source = modules[shareIndex < 0 ? place + shareIndex : shareIndex]!
      return new DarknetSharedConvolution(source as DarknetConvolution | DarknetSharedConvolution, section)
    }
    case 'local':
      return new DarknetLocal(layer, section)
    case 'connected':
      return new DarknetConnected(from.channels * from.height * from.width, section)
    case 'batchnorm':
      return new DarknetBatchNorm2d(from.channels)
    case 'maxpool': {
      const { size, stride, strideY = stride, padding, outChannels } = section
      if (outChannels !== undefined) return new DarknetFunction((x) => maxOfChannels(x, outChannels))
      return new MaxPool2d(size, { stride: [strideY, stride], padding: poolPadding(padding) })
    }
    case 'local_avgpool': {
      const { size, stride, strideY = stride, padding } = section
      return new AvgPool2d(size, {
        stride: [strideY, stride],
        padding: poolPadding(padding),
        countIncludePad: false,
      })
    }
    case 'avgpool':
      return new DarknetFunction((x) => x.mean([2, 3], true))
    case 'upsample': {
      const { stride, scale = 1 } = section
      return new DarknetFunction((x) => {
        const sized =
          stride > 0
            ? F.interpolate(x, { scaleFactor: stride })
            : F.avgPool2d(x, -stride, { divisorOverride: 1 })
        return scale === 1 ? sized : sized.mul(scale)
      })
    }
    case 'dropout':
      return new Dropout(section.probability)
    case 'reorg':
    case 'reorg3d':
      return new DarknetReorg(section)
    case 'route': {
      const { groups, groupId } = section
      return new DarknetFunction((...inputs) => {
        const parts = groups === 1 ? inputs : inputs.map((x) => x.chunk(groups, 1)[groupId]!)
        return parts.length === 1 ? parts[0]! : concat(parts, 1)
      })
    }
    case 'shortcut':
      return new DarknetShortcut(layer, section)
    case 'scale_channels':
    case 'sam': {
      const { activation } = section
      return new DarknetFunction((factors, x) => activate[activation](x.mul(factors)))
    }
    case 'activation':
      return new DarknetFunction(activate[section.activation])
    case 'normalization':
      return new DarknetNormalization(section)
    case 'crop': {
      const [top, left] = [
        Math.floor((from.height - out.height) / 2),
        Math.floor((from.width - out.width) / 2),
      ]
      return new DarknetFunction((x) => {
        const part = x.narrow(2, top, out.height).narrow(3, left, out.width)
        return section.adjust ? part.mul(2).sub(1) : part
      })
    }
    case 'yolo':
      return new DarknetYolo(section)
    case 'gaussian_yolo':
      return new DarknetGaussianYolo(section)
    case 'region':
      return new DarknetRegion(section)
    case 'detection':
      return new DarknetDetection(section)
    case 'softmax':
    case 'cost':
    case 'contrastive':
    case 'empty':
      return new Identity()
  }
}

/** For each of some channels the maxima over every so many-th one of x. */
function maxOfChannels(x: Tensor, count: number): Tensor {
  const channels = x.shape[1]!
  const groups = Array.from({ length: count }, (_, first) => {
    const members = Array.from({ length: Math.ceil((channels - first) / count) }, (_, i) =>
      x.narrow(1, first + i * count, 1),
    )
    return concat(members, 1).amax(1, true)
  })
  return concat(groups, 1)
}

/** Lists its bias before its weight: the order of a .weights file. */
class DarknetLinear extends Linear {
  protected override *members(): Iterable<readonly [string, unknown]> {
    yield ['bias', this.bias]
    yield ['weight', this.weight]
  }
}

/** A fully connected layer, as `[connected]`: gives vectors as maps of one pixel. */
export class DarknetConnected extends Module {
  BatchNorm2d: DarknetBatchNorm2d | null
  Linear: Linear
  readonly section: DarknetSectionOf<'connected'>

  constructor(inFeatures: number, section: DarknetSectionOf<'connected'>) {
    super()
    const { output, batchNormalize } = section
    this.section = section
    this.BatchNorm2d = batchNormalize ? new DarknetBatchNorm2d(output) : null
    this.Linear = new DarknetLinear(inFeatures, output, { bias: !batchNormalize })
  }

  override forward(x: Tensor): Tensor {
    const y = this.Linear.forward(x.flatten(1)).unsqueeze(2).unsqueeze(3)
    return activate[this.section.activation](this.BatchNorm2d ? this.BatchNorm2d.forward(y) : y)
  }
}
