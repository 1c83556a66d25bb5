import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as ocelli from '../dist/index.js'

const root = resolve(import.meta.dirname, '..')
const bench = (file: string) => import(resolve(root, 'bench', file))
const { F, nn } = ocelli

const runtime = resolve(root, 'bench/node_modules/onnxruntime-node/dist/index.js')

describe('arguments of the benchmark', async () => {
  const { parseArguments, UsageError } = await bench('arguments.mjs')
  const parse = (...args: string[]) => parseArguments(args, ['torch', 'onnxruntime-node'])

  it('takes lists and repeated options', () => {
    const options = parse('--threads', '1,2', '--threads', '2', '--suite', 'kernels', '--suite', 'wasm')
    expect(options.threads).toEqual([1, 2])
    expect(options.suites).toEqual(['kernels', 'wasm'])
    expect(parse('--only', '^resnet18 b8$').matches('resnet18 b8')).toBe(true)
    expect(parse('--only', '^resnet18 b8$').matches('resnet18 b1')).toBe(false)
    expect(parse('classical', 'memory').suites).toEqual(['classical', 'memory'])
  })

  it.each([
    [['--suite', 'speed'], /--suite is 'speed'; it must be one of kernels/],
    [['--peer', 'tensorflow'], /--peer is 'tensorflow'; it must be one of torch/],
    [['--threads', '0'], /--threads is '0'; it must be an integer >= 1/],
    [['--turns', 'many'], /--turns is 'many'/],
    [['--only', '('], /--only: /],
    [['--fast'], /--fast/],
    [['speed'], /--suite is 'speed'/],
  ])('refuses %s', (args, message) => {
    expect(() => parse(...args)).toThrow(UsageError)
    expect(() => parse(...args)).toThrow(message)
  })

  it('explains itself on the command line', () => {
    const { status, stderr } = spawnSync(process.execPath, ['bench/main.mjs', '--suite', 'speed'], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stderr).toMatch(/--suite is 'speed'[\s\S]*usage: npm run bench/)
  })
})

describe('figures of the benchmark', async () => {
  const { disagreement, geometricMean, median } = await bench('statistics.mjs')
  const { formatSummary, summarizeRows } = await bench('report.mjs')
  const { shareOfLimits } = await bench('limits.mjs')

  it('has the mean of ratios and the median of times', () => {
    expect(geometricMean([0.5, 2])).toBeCloseTo(1)
    expect(geometricMean([1, 4, 16])).toBeCloseTo(4)
    expect(median([5, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })

  it('tells wrong results from rounding', () => {
    expect(disagreement([1, -4.001], [1, -4])).toBeCloseTo(0.00025)
    expect(disagreement([1, Number.NaN], [1, 2])).toBe(Number.POSITIVE_INFINITY)
    expect(disagreement([1], [1, 2])).toBe(Number.POSITIVE_INFINITY)
  })

  it('sums up each suite and peer', () => {
    const row = (peer: string | null, ratio: number | null, name: string) => ({
      suite: 'inference',
      case: name,
      batch: 1,
      threads: 2,
      peer,
      ratio,
    })
    const rows = [
      row('torch', 2, 'a'),
      row('torch', 0.5, 'b'),
      row('onnxruntime-node', 3, 'a'),
      row(null, null, 'c'),
    ]
    const summary = summarizeRows(rows)
    expect(summary).toMatchObject([
      { peer: 'torch', rows: 2, worst: { case: 'b' } },
      { peer: 'onnxruntime-node', rows: 1 },
    ])
    expect(formatSummary(summary)[0]).toMatch(
      /geometric mean 1\.000 over 2 rows; worst 0\.50: b, batch 1, 2 threads/,
    )
  })

  it('compares with the limit that binds', () => {
    const limits = { gflops: 100, bandwidth: [{ bytes: 1e6, gigabytes: 50 }, { bytes: 1e9, gigabytes: 10 }] } // biome-ignore format: short
    const compute = shareOfLimits({ macs: 2.5e7, bytes: 1e5 }, 1, limits)
    expect(compute).toMatchObject({ gflops: 50, peakShare: 0.5, bound: 'compute', share: 0.5 })
    const memory = shareOfLimits({ bytes: 5e6 }, 1, limits)
    expect(memory).toMatchObject({ gflops: null, gigabytes: 5, bandwidthShare: 0.5, bound: 'memory' })
  })
})

describe('the suite of classical methods', async () => {
  const { classical, classicalCases } = await bench('suites/classical.mjs')
  const { difference, runPhased } = await bench('phased.mjs')
  const labels = (values: number[], accuracy: number) => ({ values, accuracy })

  it('tells when two libraries do not agree', () => {
    const [ours, theirs] = [labels([1, 2, 3, 3], 0.5), labels([1, 2, 3, 4], 0.75)]
    expect(difference({ identical: true }, ours, ours)).toBe(null)
    expect(difference({ identical: true }, ours, theirs)).toBe('differ in 1 of 4 predictions')
    const many = (accuracy: number) => labels(Array(1000).fill(0), accuracy)
    expect(difference({ accuracy: 0.002 }, many(0.9), many(0.9015))).toBe(null)
    expect(difference({ accuracy: 0.002 }, many(0.9), many(0.897))).toBe(
      'differ in accuracy, 89.70 % and 90.00 %',
    )
    expect(difference({ accuracy: 0.002 }, many(0.9), many(Number.NaN))).toMatch(/NaN/)
    expect(difference({ accuracy: 0.002 }, many(0.9), ours)).toMatch(/number of predictions, 4 and 1000/)
    expect(difference({ numbers: 1e-8 }, { values: [1, 2] }, { values: [1, 2 + 1e-9] })).toBe(null)
    expect(difference({ numbers: 1e-8 }, { values: [1, 2] }, { values: [1, 2 + 1e-6] })).toBe(
      'differ by 5.0e-7',
    )
  })

  it('takes a tenth of the samples to be tried', () => {
    const [full, quick] = [classicalCases({ quick: false }), classicalCases({ quick: true })]
    expect(full[0].data).toMatchObject({ train: 60_000, test: 1000 })
    expect(quick[0].data).toMatchObject({ train: 6000, test: 100 })
    expect(quick).toHaveLength(full.length)
  })

  it('learns and predicts with what stands in for absent images, and without a peer', async () => {
    const notes: string[] = []
    const wanted = ['Gaussian naive Bayes', 'StandardScaler']
    const context = {
      options: {
        quick: true,
        mnist: 'nowhere',
        threads: [1],
        turns: 1,
        milliseconds: 0,
        patience: 0,
        matches: (name: string) => wanted.includes(name),
      },
      peers: [],
      note: (text: string) => notes.push(text),
      skip: (_: string, __: string, why: string) => notes.push(why),
      wrong: (label: string) => notes.push(label),
    }
    const rows = []
    for await (const row of runPhased(classical, 'classical', context)) rows.push(row)
    expect(rows.map((row) => row.case)).toEqual([
      'Gaussian naive Bayes, fit 1,000',
      'Gaussian naive Bayes, predict 1,000',
      'StandardScaler, fit 10,000',
      'StandardScaler, transform 10,000',
    ])
    expect(notes).toHaveLength(2)
    expect(notes[1]).toBe('no MNIST in nowhere: digits that Ocelli draws stand in for it')
    for (const row of rows) expect(row).toMatchObject({ suite: 'classical', threads: 1, peer: null })
    for (const row of rows) expect(row.oursMs).toBeGreaterThan(0)
    const [fit, , scaled] = rows
    expect(fit.accuracy).toBeGreaterThan(0.5)
    expect(fit.note).toMatch(/^accuracy \d\d\.\d\d %, on generated digits$/)
    expect(scaled).toMatchObject({ accuracy: undefined, note: '' })
  })
})

/** What the exporter must know: folding, activations, pools, squeeze and excitation, shuffles, heads. */
class Patterns extends nn.Module {
  stem = new nn.Conv2d(3, 8, 3, { stride: 2, padding: 1, bias: false })
  norm1 = new nn.BatchNorm2d(8)
  norm2 = new nn.BatchNorm2d(8)
  conv = new nn.Conv2d(8, 8, 3, { padding: 1, groups: 2 })
  squeeze = new nn.Conv2d(8, 4, 1)
  excite = new nn.Conv2d(4, 8, 1)
  fc = new nn.Linear(24, 5)

  override forward(x: ocelli.Tensor): ocelli.Tensor {
    const stem = F.hardSwish(this.norm1.forward(this.stem.forward(x)))
    const pooled = F.maxPool2d(stem, 3, { stride: 2, ceilMode: true })
    const hidden = this.conv.forward(F.relu(this.norm2.forward(pooled)))
    const scale = F.hardSigmoid(this.excite.forward(F.relu6(this.squeeze.forward(hidden.mean([2, 3], true)))))
    const scaled = hidden.mul(scale).add(pooled)
    const [n, c, h, w] = scaled.shape as [number, number, number, number]
    const shuffled = scaled
      .reshape(n, 2, c / 2, h, w)
      .permute(0, 2, 1, 3, 4)
      .reshape(n, c, h, w)
    const average = F.avgPool2d(shuffled, 3, { stride: 1, padding: 1 })
    const inside = F.avgPool2d(F.silu(shuffled), 3, { stride: 1, padding: 1, countIncludePad: false })
    const joined = ocelli.concat([average, inside, shuffled.narrow(1, 4, 4), shuffled.narrow(1, 0, 4)], 1)
    return this.fc.forward(joined.mean([2, 3])).softmax(1)
  }
}

describe('export for the peers', async () => {
  const { modelOf } = await bench('onnx/model.mjs')
  const { encodeModel } = await bench('onnx/write.mjs')
  const model = new Patterns()
  for (const norm of [model.norm1, model.norm2]) {
    norm.running_mean!.load(Float32Array.from({ length: 8 }, (_, i) => 0.1 * i))
    norm.running_var!.load(Float32Array.from({ length: 8 }, (_, i) => 1 + 0.2 * i))
  }
  model.eval()
  const predict = (x: ocelli.Tensor) => ocelli.noGrad(() => model.forward(x))
  const exported = async () => {
    const x = ocelli.rand([1, 3, 30, 30])
    await ocelli.realize(x)
    return modelOf(predict, [x], { name: 'patterns', openBatch: true })
  }

  it('has one operator for each layer, with normalization folded', async () => {
    const { nodes } = await exported()
    const types = nodes.map(({ type }: { type: string }) => type)
    expect(types).toEqual(
      ('Conv HardSwish MaxPool BatchNormalization Relu Conv GlobalAveragePool Conv Clip Conv HardSigmoid Mul Add ' +
        'Reshape Transpose Reshape AveragePool Sigmoid Mul AveragePool Slice Slice Concat GlobalAveragePool Flatten ' +
        'Gemm Softmax').split(' '), // biome-ignore format: in order
    )
    const convolutions = nodes.filter(({ type }: { type: string }) => type === 'Conv')
    for (const { inputs } of convolutions) expect(inputs).toHaveLength(3)
  })

  it('refuses what it has no operator for', async () => {
    const x = ocelli.rand([4])
    await ocelli.realize(x)
    await expect(modelOf((y: ocelli.Tensor) => y.cumsum(0), [x], { name: 'sum' })).rejects.toThrow(
      /cumSum has no ONNX form/,
    )
  })

  it.skipIf(!existsSync(runtime))(
    'computes in ONNX Runtime what Ocelli computes, for any batch',
    async () => {
      const { InferenceSession, Tensor } = await import(runtime)
      const session = await InferenceSession.create(Buffer.concat(encodeModel(await exported())))
      const x = ocelli.randn([3, 3, 30, 30])
      const feed = new Tensor('float32', await x.data(), [3, 3, 30, 30])
      const results = await session.run({ [session.inputNames[0]]: feed })
      const { disagreement } = await bench('statistics.mjs')
      const values = results[session.outputNames[0]].data
      expect(disagreement(values, await predict(x).data())).toBeLessThan(1e-5)
    },
  )

  it('writes the wire format of protobuf', () => {
    const bytes = Buffer.concat(
      encodeModel({
        name: 'g',
        nodes: [{ type: 'Flatten', name: 'n', inputs: ['x'], outputs: ['y'], attributes: { axis: -1n } }],
        initializers: [{ name: 'w', dtype: 'float32', shape: [300], data: new Float32Array(300) }],
        inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
        outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
      }),
    )
    const message = parse(bytes)
    const graph = parse(message.get(7)![0] as Buffer)
    const node = parse(graph.get(1)![0] as Buffer)
    const attribute = parse(node.get(5)![0] as Buffer)
    expect(String(node.get(4)![0])).toBe('Flatten')
    expect(BigInt.asIntN(64, attribute.get(3)![0] as bigint)).toBe(-1n)
    const initializer = parse(graph.get(5)![0] as Buffer)
    expect(initializer.get(1)).toEqual([300n])
    expect(initializer.get(9)![0]).toHaveLength(1200)
    expect(parse(message.get(8)![0] as Buffer).get(2)).toEqual([17n])
  })
})

/** The fields of a message: integers, and bytes for everything that has a length. */
function parse(bytes: Buffer): Map<number, (bigint | Buffer)[]> {
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  const fields = new Map<number, (bigint | Buffer)[]>()
  while (at < bytes.length) {
    const key = Number(varint())
    let value: bigint | Buffer
    if ((key & 7) === 0) value = varint()
    else {
      const length = (key & 7) === 5 ? 4 : Number(varint())
      value = bytes.subarray(at, at + length)
      at += length
    }
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value])
  }
  expect(at).toBe(bytes.length)
  return fields
}
