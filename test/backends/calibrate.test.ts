import { afterEach, expect, it, vi } from 'vitest'
import type { Backend } from '../../src/backends/backend.ts'
import { calibrate } from '../../src/backends/calibrate.ts'
import { convCostsWanted } from '../../src/backends/settings.ts'
import {
  builtInConvCosts,
  type ConvCosts,
  type ConvWork,
  chooseConvAlgorithm,
  type FilterAlgorithm,
  filterCost,
} from '../../src/compiler/target.ts'
import { isOp, type Node } from '../../src/graph/node.ts'
import { setBackend } from '../../src/tensor/index.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

function workOf(output: Node): ConvWork {
  const [x, other] = output.inputs as [Node, Node]
  const [images, height, width, inChannels] = x.shape as [number, number, number, number]
  const forward = isOp(output, 'conv2d')
  return {
    direction: forward ? 'forward' : 'weightGrad',
    geometry: { kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
    ...{ images, height, width, inChannels, outChannels: forward ? other.shape[0]! : other.shape[3]! },
    sameSize: true,
    packed: (other as Node<'input'>).attrs.persistent,
  }
}

it('finds out what a machine costs', async () => {
  const machine: ConvCosts = {
    streamed: 31,
    packing: 12,
    winogradF2Transform: 140,
    winogradF4Transform: 260,
    weightGrad: 2.5,
    winogradWeightGrad: 1.1,
  }
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const backend: Backend = {
    info: { name: 'native', device: 'CPU', threads: 1, instructionSet: 'none' },
    compile: ({ outputs: [output] }, costs = builtInConvCosts) => {
      const work = workOf(output!)
      const milliseconds =
        filterCost(work, chooseConvAlgorithm(work, costs) as FilterAlgorithm, machine) / 1e7
      return {
        run: async () => {
          now += milliseconds
        },
      }
    },
    adopt: (storage) => storage,
    memory: () => ({ bytes: 0 }),
  }
  expect(await calibrate(backend)).toEqual(machine)
})

it.each(['native', 'wasm'] as const)(
  '%s: gives costs that can be chosen by',
  async (name) => {
    const costs = await calibrate(await setBackend(name))
    expect(convCostsWanted(JSON.stringify(costs))).toEqual(costs)
  },
  120_000,
)

it('refuses the reference backend', async () => {
  await expect(calibrate(await setBackend('reference'))).rejects.toThrow('nothing to calibrate')
})

it.each([
  ['{', 'is not JSON'],
  ['[1]', "nothing for 'streamed'"],
  ['7', 'is not an object'],
  [JSON.stringify({ ...builtInConvCosts, packing: -1 }), "has -1 for 'packing'"],
])('OCELLI_CALIBRATION=%s is refused', (text, message) => {
  expect(() => convCostsWanted(text)).toThrow(message)
  expect(convCostsWanted('')).toBe(builtInConvCosts)
})
