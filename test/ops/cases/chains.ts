import * as F from '../../../src/nn/functional/index.ts'
import type { Tensor } from '../../../src/tensor/tensor.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, type Operand, tensorTrial } from '../../support/op-case.ts'

/** Images of as many elements take more than the megabyte from which on they are computed in bands of rows. */
const leastElements = 270_000

type Stage = (x: Tensor, weights: readonly Tensor[]) => Tensor
type Kind = 'pointwise' | 'depthwise' | 'grouped' | 'full' | 'pool'

/** A stage that keeps the number of channels, with its weights, which are the inputs from `first` on. */
function drawStage(
  random: CaseRandom,
  kind: Kind,
  channels: number,
  first: number,
  stride: number | [number, number],
) {
  const size = kind === 'pointwise' ? 1 : random.pick([2, 3, 3, 5])
  const dilation = kind === 'pool' || kind === 'pointwise' ? 1 : random.pick([1, 1, 2])
  const padding = kind === 'pointwise' ? 0 : random.integer(0, Math.floor(size / 2))
  const options = { stride: kind === 'pointwise' ? 1 : stride, padding, dilation }
  if (kind === 'pool') {
    return { operands: [], apply: (x: Tensor) => F.maxPool2d(x, size, options) }
  }
  const groups = kind === 'depthwise' ? channels : kind === 'grouped' ? channels / 4 : 1
  const bound = Math.sqrt(3 / ((channels / groups) * size * size))
  const operands: Operand[] = [
    { ...random.floats([channels, channels / groups, size, size], -bound, bound), persistent: true },
    { ...random.floats([channels], -1, 1), persistent: true },
  ]
  const activation = random.pick<(x: Tensor) => Tensor>([F.relu, F.relu6, F.hardSwish, (x) => x])
  const apply: Stage = (x, weights) =>
    activation(F.conv2d(x, weights[first]!, weights[first + 1]!, { ...options, groups }))
  return { operands, apply }
}

export const chainCases: CaseTable = {
  'large images from stage to stage': {
    mostTrials: 24,
    tolerance: 2e-5,
    draw: (random) => {
      const channels = random.pick([8, 12, 20])
      const n = random.integer(1, 4)
      const height = random.integer(30, 300)
      const count = random.integer(2, 4)
      // A stage between others may leave rows out: what it makes must be large all the same.
      const strided = random.chance(0.4) ? random.integer(1, count - 1) : 0
      const elements = strided > 0 && strided < count - 1 ? 2 * leastElements : leastElements
      const width = Math.ceil(elements / (n * channels * height)) + 8
      const kinds: Kind[] = ['pointwise', 'depthwise', 'grouped', 'full', 'pool']
      const operands: Operand[] = []
      const stages: Stage[] = []
      for (let i = 0; i < count; i++) {
        const kind = i === 0 ? 'pointwise' : random.pick(kinds)
        const stride =
          i === count - 1 ? random.integer(1, 3) : i === strided ? ([2, 1] as [number, number]) : 1
        const stage = drawStage(random, kind, channels, operands.length, stride)
        operands.push(...stage.operands)
        stages.push(stage.apply)
      }
      const residual = random.chance()
      const x = random.floats([n, channels, height, width])
      return tensorTrial([...operands, x], (...inputs) => {
        const image = inputs.at(-1)!
        const y = stages.reduce((value, stage) => stage(value, inputs), image)
        const fits = y.shape.every((size, d) => size === image.shape[d])
        return residual && fits ? y.add(image) : y
      })
    },
  },
  'squeeze and excitation of many images': {
    mostTrials: 10,
    tolerance: 2e-5,
    draw: (random) => {
      const n = random.pick([2, 4, 6])
      const channels = random.pick([8, 12, 20])
      const side = Math.ceil(Math.sqrt(1_100_000 / (n * channels)))
      const hidden = random.integer(1, 6)
      const parameter = (shape: readonly number[], terms: number): Operand => {
        const bound = Math.sqrt(3 / terms)
        return { ...random.floats(shape, -bound, bound), persistent: true }
      }
      const operands = [
        parameter([channels, 1, 3, 3], 9),
        parameter([channels], 3),
        parameter([hidden, channels], channels),
        parameter([channels, hidden], hidden),
        parameter([channels], 3),
        parameter([channels, channels, 1, 1], channels),
        random.floats([n, channels, side, side]),
      ]
      const activation = random.pick([F.silu, F.hardSwish, F.relu])
      const gate = random.pick([F.sigmoid, F.hardSigmoid])
      const [linear, residual] = [random.chance(), random.chance()]
      return tensorTrial(operands, (depthwise, bias, reduce, expand, shift, project, x) => {
        const y = activation(F.conv2d(x!, depthwise!, bias!, { padding: 1, groups: channels }))
        const squeezed = y.mean([2, 3], true)
        const scale = linear
          ? F.linear(F.relu(F.linear(squeezed.reshape([n, channels]), reduce!)), expand!, shift!)
          : F.conv2d(
              F.relu(F.conv2d(squeezed, reduce!.reshape([hidden, channels, 1, 1]))),
              expand!.reshape([channels, hidden, 1, 1]),
              shift!,
            )
        const excited = y.mul(gate(scale).reshape([n, channels, 1, 1]))
        const z = F.conv2d(excited, project!)
        return residual ? z.add(x!) : z
      })
    },
  },
}
