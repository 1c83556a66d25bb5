// The same with onnxruntime-node, from an ONNX file.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { report } from './report.mjs'

const [, size, file] = process.argv.slice(2)
const x = new Tensor('float32', new Float32Array(3 * size * size).fill(0.5), [
  1,
  3,
  Number(size),
  Number(size),
])
let session
await report(async () => {
  session ??= await InferenceSession.create(file, {
    intraOpNumThreads: Number(process.env.OCELLI_THREADS),
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    freeDimensionOverrides: { batch: 1 },
  })
  const results = await session.run({ [session.inputNames[0]]: x })
  return results[session.outputNames[0]].data
})
