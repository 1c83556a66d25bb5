import { startProfile } from '../../backends/profile/active.ts'
import type { InstructionProfile, Profile } from '../../backends/profile/record.ts'
import { formatLimits, formatRows, instructionRows, opRows } from '../../backends/profile/table.ts'
import { chromeTrace } from '../../backends/profile/trace.ts'
import type { Network } from '../../models/index.ts'
import { F } from '../../nn/index.ts'
import { sgd } from '../../optim/index.ts'
import { compile, noGrad, rand, randint, realize, ShapeError, type Tensor } from '../../tensor/index.ts'
import { scoresAndLoss } from '../../train/scores.ts'
import { writeFileAtomic } from '../../weights/file.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { backendInfo, deviceLine } from '../device.ts'
import { createNetwork } from '../fitted-network.ts'
import { metadataOf, parseModelOptions } from '../model-options.ts'
import { networkOptions, requireClassifier } from '../network.ts'
import { counted } from '../progress.ts'

export const profile: Command = defineCommand({
  name: 'profile',
  summary:
    'Shows where the time of a network goes, and how near each instruction is to the limits of the machine',
  usage: '<network>',
  options: {
    batch: {
      kind: 'number',
      placeholder: 'n',
      minimum: 1,
      integer: true,
      description: 'images at a time; 1, or 8 with --train, unless given',
    },
    inputSize: {
      kind: 'number',
      placeholder: 'pixels',
      minimum: 1,
      integer: true,
      description: "side of the square images; the network's own unless given",
    },
    train: {
      kind: 'flag',
      description: 'a training step (forward, backward, SGD with momentum) instead of a prediction',
    },
    runs: {
      kind: 'number',
      placeholder: 'n',
      minimum: 1,
      integer: true,
      default: 10,
      description: 'runs that are timed, after warming up',
    },
    by: {
      kind: 'choice',
      choices: ['instruction', 'op'],
      default: 'instruction',
      description: 'what a line of the table stands for',
    },
    top: {
      kind: 'number',
      placeholder: 'n',
      minimum: 1,
      integer: true,
      default: 40,
      description: 'lines of the table at most; JSON has all',
    },
    modelOption: networkOptions.modelOption,
    trace: {
      kind: 'text',
      placeholder: 'file',
      description: 'writes a trace for chrome://tracing or ui.perfetto.dev',
    },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [
    'Weights and images are random: speed does not depend on them. Columns: the place in the program (or how many ' +
      'instructions), milliseconds in a run and in the fastest one, share of the time in instructions, arithmetic and memory traffic a ' +
      'second, and how much of the time the limit that binds would need: all multiply-adds at full speed, or every ' +
      'operand read and every result written once from memory. Values that are still in a cache and algorithms that ' +
      'multiply less than the definition go beyond 100 %.',
    'The limits of the machine are measured at the same time, on the same threads. OCELLI_PROFILE=1 before any program ' +
      'that uses the library shows such a table when it ends; OCELLI_PROFILE=FILE.json writes a trace.',
  ],
  examples: [
    'ocelli profile resnet18',
    'ocelli profile mobilenet_v2 --batch 8 --by op',
    'ocelli profile lenet5 --train --batch 256 --trace step.json',
    'OCELLI_THREADS=1 ocelli profile squeezenet1_1 --json',
  ],
  run: async ([name, ...more], { batch, inputSize, train, runs, by, top, modelOption, trace, json }) => {
    if (name === undefined || more.length > 0) {
      throw new UsageError('profile takes one network; ocelli list names them')
    }
    const options = parseModelOptions(modelOption)
    const { preprocessing } = metadataOf(name)
    const side = inputSize ?? preprocessing.inputSize
    const [height, width] = typeof side === 'number' ? [side, side] : side
    const channels = Number(options.inChannels ?? preprocessing.channels ?? 3)
    const shape = [batch ?? (train ? 8 : 1), channels, height, width]
    const record = startProfile()
    const { instructionSet, threads } = await backendInfo()
    const network = await createNetwork(name, options)
    const workload = train ? trainingWorkload(name, network, shape) : predictionWorkload(network, shape)
    try {
      await workload.traced()
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error
      throw new CommandError(`${name} does not take an input of ${shape.join('x')}: ${error.message}`)
    }
    const tracedMilliseconds = await timed(workload.traced, runs)
    await workload.compiled()
    record.clear()
    record.keepsRuns ||= trace !== undefined
    const milliseconds = await timed(workload.compiled, runs)
    const instructions = executed(record)
    const limits = record.measureLimits()
    const rows = (by === 'op' ? opRows : instructionRows)(instructions, runs, limits)
    const inInstructions = rows.reduce((sum, row) => sum + row.milliseconds, 0)
    if (trace !== undefined) {
      await writeFileAtomic(trace, [new TextEncoder().encode(chromeTrace(record))])
      const rest = record.leftOut > 0 ? `; ${record.leftOut} later instructions are left out` : ''
      console.error(`${trace} is a trace for chrome://tracing or ui.perfetto.dev${rest}`)
    }
    if (json) {
      const facts = {
        ...{ name, input: shape, train, runs, instructionSet, threads, limits },
        ...{ milliseconds, inInstructions, tracedMilliseconds, rows },
      }
      console.log(JSON.stringify(facts, null, 2))
      return
    }
    const overhead = (whole: number): string => {
      const share = (100 * (whole - inInstructions)) / whole
      return `${whole.toFixed(3)} ms, ${share.toFixed(1)} % of it outside instructions`
    }
    const fastest = rows.reduce((sum, row) => sum + row.fastestMilliseconds, 0)
    const kind = train ? 'training step' : 'prediction'
    const ran = counted(runs, 'run')
    console.log(
      [
        `${name}, ${kind}, input ${shape.join('x')}; ${ran}; ${formatLimits(limits)}`,
        await deviceLine(),
        '',
        formatRows(rows, top),
        '',
        `in instructions   ${inInstructions.toFixed(3)} ms, ${fastest.toFixed(3)} ms with each at its fastest`,
        `with compile()    ${overhead(milliseconds)}`,
        `traced each time  ${overhead(tracedMilliseconds)}`,
      ].join('\n'),
    )
  },
})

/** One piece of work, recorded anew at each call or run again as it was compiled. */
interface Workload {
  readonly traced: () => Promise<void>
  readonly compiled: () => Promise<void>
}

function predictionWorkload(network: Network, shape: readonly number[]): Workload {
  network.eval()
  const images = rand(shape)
  const forward = (x: Tensor): Tensor => noGrad(() => network.forward(x))
  const compiled = compile(forward)
  return {
    traced: async () => realize(forward(images)),
    compiled: async () => {
      await compiled(images)
    },
  }
}

function trainingWorkload(name: string, network: Network, shape: readonly number[]): Workload {
  requireClassifier(name, network)
  network.train()
  const optimizer = sgd(network.parameters(), { lr: 1e-3, momentum: 0.9 })
  const images = rand(shape)
  const labels = randint(0, network.numClasses, [shape[0]!])
  const step = (x: Tensor, y: Tensor): Tensor => {
    const { loss } = scoresAndLoss(network, x, y, F.crossEntropy)
    optimizer.zeroGrad()
    loss.backward()
    return loss
  }
  const compiled = compile((x: Tensor, y: Tensor) => {
    const loss = step(x, y)
    optimizer.update()
    return loss
  })
  return {
    traced: async () => {
      step(images, labels)
      await optimizer.step()
    },
    compiled: async () => {
      await compiled(images, labels)
    },
  }
}

async function timed(work: () => Promise<void>, runs: number): Promise<number> {
  const start = performance.now()
  for (let run = 0; run < runs; run++) await work()
  return (performance.now() - start) / runs
}

function executed({ programs }: Profile): InstructionProfile[] {
  const instructions = programs.filter(({ runs }) => runs > 0).flatMap((program) => program.instructions)
  if (instructions.length === 0) {
    throw new CommandError('the backend that runs has no instructions to time; ocelli info says why it runs')
  }
  return instructions
}
