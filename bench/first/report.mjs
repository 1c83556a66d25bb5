import { peakMemory } from '../serve.mjs'

/** Writes a line after the first prediction and another, with the peak of memory, after a few more. */
export async function report(predict) {
  const start = performance.now()
  const values = await predict()
  const firstCallMs = performance.now() - start
  console.log(JSON.stringify({ firstCallMs, finite: values.every(Number.isFinite) }))
  for (let i = 0; i < 3; i++) await predict()
  console.log(JSON.stringify({ peakMiB: peakMemory() }))
  process.exit(0)
}
