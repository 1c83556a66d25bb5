import { calibrate as measure } from '../../backends/calibrate.ts'
import {
  builtInConvCosts,
  type ConvCosts,
  type ConvWork,
  chooseConvAlgorithm,
} from '../../compiler/target.ts'
import { getBackend } from '../../tensor/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { deviceLine } from '../device.ts'

const meanings: Record<keyof ConvCosts, string> = {
  streamed: 'a packed weight read from memory',
  packing: 'a weight packed during the run',
  winogradF2Transform: 'a channel of a tile through F(2,3)',
  winogradF4Transform: 'a channel of a tile through F(4,3)',
  weightGrad: "a multiply-add of a weight's gradient",
  winogradWeightGrad: 'the same with F(2,3) or F(4,3)',
}

/** Channels and sides of the images of ResNet's 3x3 convolutions. */
const layers: readonly (readonly [channels: number, side: number])[] = [
  [64, 56],
  [128, 28],
  [256, 14],
  [512, 7],
]

export const calibrate: Command = defineCommand({
  name: 'calibrate',
  summary: 'Measures what the algorithms of convolutions cost on this machine, to choose among them',
  usage: '',
  options: { json: { kind: 'flag', description: 'prints JSON, as OCELLI_CALIBRATION takes it' } },
  details: [
    'A 3x3 convolution can be a matrix product or either of two of Winograd, and which is fastest depends on the machine. ' +
      'The built-in costs come from one server; this takes a second to measure those of yours, in multiply-adds of a matrix ' +
      'product, on the threads of OCELLI_THREADS. OCELLI_CALIBRATION makes every program choose by them; results can change ' +
      'in the last digits with the algorithm.',
  ],
  examples: ['ocelli calibrate', 'export OCELLI_CALIBRATION="$(ocelli calibrate --json)"'],
  run: async (extra, { json }) => {
    if (extra.length > 0) throw new UsageError(`calibrate takes options only, not '${extra[0]}'`)
    const backend = await getBackend()
    if (backend.info.name === 'reference') {
      throw new CommandError(
        'the reference backend runs, which has nothing to choose; ocelli info says why it runs',
      )
    }
    const costs = await measure(backend)
    if (json) {
      console.log(JSON.stringify(costs))
      return
    }
    const rows = (Object.keys(meanings) as (keyof ConvCosts)[]).map(
      (key) =>
        `${meanings[key].padEnd(38)}${String(builtInConvCosts[key]).padStart(9)}${String(costs[key]).padStart(10)}`,
    )
    const choices = [1, 8].flatMap((images) =>
      layers.map(([channels, side]) => {
        const name = `3x3 of ${channels} channels, ${images}x${side}x${side}`
        const [before, now] = [builtInConvCosts, costs].map((by) =>
          chooseConvAlgorithm(forward(channels, side, images), by),
        )
        return `${name.padEnd(38)}${before!.padStart(14)}${now!.padStart(14)}`
      }),
    )
    console.log(
      [
        await deviceLine(),
        '',
        `${'cost in multiply-adds of'.padEnd(38)}${'built in'.padStart(9)}${'here'.padStart(10)}`,
        ...rows,
        '',
        `${'chosen for'.padEnd(38)}${'built in'.padStart(14)}${'here'.padStart(14)}`,
        ...choices,
        '',
        'to choose by these: export OCELLI_CALIBRATION="$(ocelli calibrate --json)"',
      ].join('\n'),
    )
  },
})

function forward(channels: number, side: number, images: number): ConvWork {
  return {
    direction: 'forward',
    geometry: { kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
    ...{ outChannels: channels, inChannels: channels, images, height: side, width: side },
    ...{ sameSize: true, packed: true },
  }
}
