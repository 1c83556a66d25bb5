// What the two builds of ONNX Runtime have in common.
import { signedOf } from '../../scripts/golden.mjs'

/** `model` is a path or, where the build can't read files, the bytes. */
export async function openSession(ort, model, spec, options) {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    freeDimensionOverrides: spec.batch === undefined ? {} : { batch: spec.batch },
    ...options,
  })
  const feeds = {}
  for (const [i, { name, shape }] of session.inputMetadata.entries()) {
    const sizes = shape.map((size) => (typeof size === 'number' ? size : spec.batch))
    const values = signedOf('bench', spec.kind === 'network' ? 'input' : `input${i}`, sizes)
    feeds[name] = new ort.Tensor('float32', values, sizes)
  }
  const [output] = session.outputNames
  return {
    run: () => session.run(feeds),
    output: async () => (await session.run(feeds))[output].data,
    close: () => session.release(),
  }
}
