import { describe, expect, it, test } from 'vitest'
import type { Backend } from '../../src/backends/backend.ts'
import { createReferenceBackend } from '../../src/backends/reference/index.ts'
import type { Graph } from '../../src/compiler/graph.ts'
import { optimize } from '../../src/compiler/optimize.ts'
import { constantNodes } from '../../src/compiler/passes/constants.ts'
import { liveNodes } from '../../src/compiler/passes/rewrite.ts'
import type { Node } from '../../src/graph/node.ts'
import { sizeOf } from '../../src/graph/shape.ts'
import { variants } from '../../src/models/resnet.ts'
import { skipInit } from '../../src/nn/init.ts'
import { noGrad } from '../../src/tensor/autograd.ts'
import { zeros } from '../../src/tensor/create.ts'
import { collect } from '../../src/tensor/pending.ts'
import { allCases } from '../ops/cases/all.ts'
import { compareBackends } from '../support/op-compare.ts'
import { graphOf } from '../support/pass-check.ts'

const reference = createReferenceBackend()
const optimizing: Backend = { ...reference, compile: (graph) => reference.compile(optimize(graph)) }

describe('the graphs of every op', () => {
  test.each(Object.entries(allCases))('%s', (name, opCase) =>
    compareBackends(name, opCase, optimizing, reference, { trials: 25 }),
  )
})

/** What is computed in every run, other than views. */
function work(graph: Graph): Record<string, number> {
  const constant = constantNodes(graph)
  const counts: Record<string, number> = {}
  for (const node of liveNodes(graph)) {
    if (constant.has(node) || ['input', 'reshape', 'permute'].includes(node.op)) continue
    counts[node.op] = (counts[node.op] ?? 0) + 1
  }
  return counts
}

describe('networks', () => {
  const model = skipInit(() => variants.resnet50.create())
  const images = zeros([2, 3, 64, 64])

  it('have no batch normalization left for inference', async () => {
    await images.data()
    model.eval()
    const graph = optimize(graphOf([noGrad(() => model.forward(images)).node]))
    expect(work(graph)).toEqual({
      conv2d: 53,
      add: 53 + 16 + 1,
      relu: 49,
      maxPool2dIndices: 1,
      poolGather: 1,
      reduceSum: 1,
      mul: 1,
      matmul: 1,
    })
  })

  it('take two sums forward and two backward for each batch normalization in training', () => {
    model.train()
    const loss = model.forward(images).sum()
    loss.backward()
    const { roots } = collect([loss.binding])
    const recorded = graphOf(
      roots.map(({ node }) => node),
      roots.map(({ target }) => target),
    )
    const start = performance.now()
    const graph = optimize(recorded)
    const milliseconds = performance.now() - start
    const isSum = ({ op, inputs }: Node): boolean => op === 'reduceSum' && sizeOf(inputs[0]!.shape) > 4096
    const sums = liveNodes(graph).filter(isSum)
    expect(sums.length).toBeLessThanOrEqual(4 * 53 + 1)
    expect(liveNodes(graph).length).toBeLessThan(liveNodes(recorded).length)
    expect(milliseconds).toBeLessThan(5000)
  })
})
