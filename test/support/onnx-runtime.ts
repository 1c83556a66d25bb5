import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { GraphModel } from '../../src/onnx/index.ts'
import { type OnnxFiles, onnxChunks } from '../../src/onnx/write.ts'
import type { FileChunks } from '../../src/weights/index.ts'

interface RuntimeTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: ArrayLike<number | bigint>
}

export interface Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>
  release(): Promise<void>
}

interface Runtime {
  readonly InferenceSession: { create(model: Uint8Array | string, options: object): Promise<Session> }
  readonly Tensor: new (type: string, data: Float32Array, dims: readonly number[]) => RuntimeTensor
}

const bench = resolve(import.meta.dirname, '../../bench')

/** ONNX Runtime, as the benchmarks have it; undefined where `npm install --prefix bench` was not run. */
export function onnxRuntime(): Runtime | undefined {
  if (existsSync(resolve(bench, 'node_modules/onnxruntime-node'))) {
    return createRequire(resolve(bench, 'package.json'))('onnxruntime-node') as Runtime
  }
  console.warn('skipped: ONNX Runtime is not here; npm install --prefix bench brings it')
  return undefined
}

export function joined({ size, chunks }: FileChunks): Uint8Array {
  const bytes = new Uint8Array(size)
  let position = 0
  for (const chunk of chunks) {
    bytes.set(chunk, position)
    position += chunk.length
  }
  return bytes
}

/** Without the rewriting of graphs that trades exactness for speed. */
export async function openSession(runtime: Runtime, model: Uint8Array | string): Promise<Session> {
  return runtime.InferenceSession.create(model, {
    graphOptimizationLevel: 'basic',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  })
}

/** What ONNX Runtime computes from a graph, by the names of its outputs. */
export async function runModel(
  runtime: Runtime,
  model: GraphModel,
  inputs: readonly { readonly shape: readonly number[]; readonly values: Float32Array }[],
): Promise<Readonly<Record<string, RuntimeTensor>>> {
  const files: OnnxFiles = await onnxChunks(model)
  const session = await openSession(runtime, joined(files.model))
  const feeds = Object.fromEntries(
    session.inputNames.map((name, i) => [
      name,
      new runtime.Tensor('float32', inputs[i]!.values, inputs[i]!.shape),
    ]),
  )
  try {
    return await session.run(feeds)
  } finally {
    await session.release()
  }
}

/** The largest difference over the largest value; differing numbers of values are infinitely apart. */
export function distance(own: ArrayLike<number>, other: ArrayLike<number | bigint>): number {
  if (own.length !== other.length) return Number.POSITIVE_INFINITY
  let [most, scale] = [0, 0]
  for (let i = 0; i < own.length; i++) {
    const [a, b] = [own[i]!, Number(other[i])]
    if (Object.is(a, b)) continue
    const apart = Math.abs(a - b)
    if (!(apart <= most)) most = apart
    scale = Math.max(scale, Math.abs(a))
  }
  return most === 0 ? 0 : most / Math.max(scale, 1e-30)
}
