import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { F } from '../../src/nn/index.ts'
import { sgd } from '../../src/optim/index.ts'
import { getBackend, manualSeed, noGrad, type Tensor, tensor } from '../../src/tensor/index.ts'
import { compiledPrograms } from '../../src/tensor/realize.ts'
import { type Batch, type BatchSource, train } from '../../src/train/index.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const fast = (await getBackend()).info.name !== 'reference'
if (!fast) console.warn('skipped: training for thousands of steps needs a fast backend')

const MiB = 2 ** 20

interface Held {
  /** What the backend holds for its programs. */
  readonly backend: number
  /** Values of tensors. */
  readonly arrays: number
  readonly resident: number
  readonly programs: number
}

async function held(): Promise<Held> {
  // Finalizers run between turns of the event loop, and may free what the next collection finds.
  for (let i = 0; i < 3; i++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const { arrayBuffers, rss } = process.memoryUsage()
  const { bytes } = (await getBackend()).memory()
  return { backend: bytes, arrays: arrayBuffers, resident: rss, programs: compiledPrograms }
}

function expectFlat(before: Held, after: Held): void {
  expect(after.programs).toBe(before.programs)
  expect(after.backend).toBeLessThanOrEqual(before.backend)
  expect(after.arrays - before.arrays).toBeLessThan(MiB)
  expect(after.resident - before.resident).toBeLessThan(30 * MiB)
}

function imagesOf(count: number, seed: number): Tensor {
  const values = Float32Array.from({ length: count * 1024 }, (_, i) => Math.sin(i * 0.37 + seed))
  return tensor(values, [count, 1, 32, 32])
}

function labelsOf(count: number, seed: number): Tensor {
  return tensor(
    Int32Array.from({ length: count }, (_, i) => (i + seed) % 10),
    [count],
  )
}

class Waves implements BatchSource {
  readonly length = 100
  setEpoch(): void {}
  async *[Symbol.asyncIterator](): AsyncIterator<Batch> {
    for (let i = 0; i < this.length; i++) yield { images: imagesOf(32, i), labels: labelsOf(32, i) }
  }
}

describe.skipIf(!fast)('memory stays flat', () => {
  it('over 2,000 compiled training steps', { timeout: 60_000 }, async () => {
    manualSeed(1)
    const model = await createModel('lenet5')
    const optimizer = sgd(model.parameters(), { lr: 0.01, momentum: 0.9 })
    let before: Held | undefined
    await train({
      model,
      optimizer,
      train: new Waves(),
      epochs: 20,
      onEpoch: async ({ epoch }) => {
        if (epoch === 3) before = await held()
      },
    })
    expectFlat(before!, await held())
  })

  it('over 400 steps that are not compiled', { timeout: 60_000 }, async () => {
    manualSeed(2)
    const model = await createModel('lenet5')
    const optimizer = sgd(model.parameters(), { lr: 0.01, momentum: 0.9 })
    let before: Held | undefined
    for (let i = 0; i < 400; i++) {
      if (i === 100) before = await held()
      optimizer.zeroGrad()
      const loss = F.crossEntropy(model.forward(imagesOf(32, i)), labelsOf(32, i))
      loss.backward()
      await optimizer.step()
      expect(await loss.item()).toBeGreaterThan(0)
    }
    expectFlat(before!, await held())
  })

  it('over inference of batches of varying size', { timeout: 60_000 }, async () => {
    const model = (await createModel('lenet5')).eval()
    let before: Held | undefined
    for (let i = 0; i < 400; i++) {
      if (i === 100) before = await held()
      const size = 1 + (i % 16)
      const logits = noGrad(() => model.forward(imagesOf(size, i)))
      expect(await logits.data()).toHaveLength(size * 10)
    }
    expectFlat(before!, await held())
  })
})
