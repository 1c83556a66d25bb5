import { describe, expect, it } from 'vitest'
import { DataLoader } from '../../src/data/index.ts'
import { prefixedImages } from '../../src/data/node.ts'
import { TopKAccuracy } from '../../src/metrics/index.ts'
import { classLabels, createModel } from '../../src/models/index.ts'
import { getBackend, zeros } from '../../src/tensor/index.ts'
import { evaluate } from '../../src/train/index.ts'
import { evaluationTransform } from '../../src/transforms/index.ts'
import { loadStateDictFile } from '../../src/weights/file.ts'
import { sharedPath } from '../support/shared.ts'

const assets = sharedPath('assets')
const fast = (await getBackend()).info.name !== 'reference'

describe('ProxylessNAS', () => {
  it.skipIf(assets === undefined || !fast)(
    "with the authors' small checkpoint recognises 58 and 79 of 100 photographs",
    async () => {
      const network = await createModel('proxyless_mobile_w0.25_r112')
      const file = `${assets}/weights/proxyless-w0.25-r112_imagenet.pth`
      expect(network.loadStateDict((await loadStateDictFile(file)).tensors).missing).toEqual([])
      const photographs = await prefixedImages(`${assets}/images/imagenet`, {
        classes: (await classLabels('imagenet-1k')).map(({ id }) => id),
        transform: evaluationTransform(network.weightEntries[0]!.preprocessing),
      })
      const [top1, top5] = [new TopKAccuracy(1), new TopKAccuracy(5)]
      await evaluate(network, new DataLoader(photographs, { batchSize: 20 }), {
        onBatch: async (scores, labels) => {
          await top1.update(scores, labels)
          await top5.update(scores, labels)
        },
      })
      expect([top1.compute(), top5.compute()]).toEqual([0.58, 0.79])
    },
  )

  it("keeps the numbers of layers that the search left out, in the authors' names", async () => {
    const network = await createModel('proxyless_gpu')
    const numbered = [...network.stateDict().keys()].flatMap((key) => /^blocks\.(\d+)\./.exec(key)?.[1] ?? [])
    expect([...new Set(numbered)].map(Number)).toEqual([0, 1, 5, 8, 9, 12, 13, 15, 16, 17, 18, 19, 20, 21])
    expect(network.getSubmodule('blocks.2').children()).toEqual([])
  })

  it('adds no shortcut to the first layer of a stage, even where its shape would allow one', async () => {
    // The projection's shift alone reaches the output where its scale is zero; a shortcut would add the input.
    const network = await createModel('proxyless_mobile_w0.25_r112')
    network.eval()
    const state = network.stateDict()
    for (const [block, adds] of [
      [13, false],
      [14, true],
    ] as const) {
      const norm = `blocks.${block}.mobile_inverted_conv.point_linear.bn`
      state.get(`${norm}.weight`)!.load(new Float32Array(24))
      state.get(`${norm}.bias`)!.load(new Float32Array(24))
      const x = zeros([1, 24, 4, 4]).add(2)
      const y = await (network.getSubmodule(`blocks.${block}`).forward(x) as typeof x).data()
      expect(y.every((value) => value === (adds ? 2 : 0))).toBe(true)
    }
  })
})
