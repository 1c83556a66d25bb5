import { describe, expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import {
  type EuclideanRbf,
  LeNet5Original,
  scaledTanh,
  TrainableSubsampling,
} from '../../src/models/lenet-1998.ts'
import { init } from '../../src/nn/index.ts'
import { tensor, zeros } from '../../src/tensor/index.ts'

describe('LeNet-5 of 1998', () => {
  it("has the paper's parameters in each layer", () => {
    const network = new LeNet5Original()
    const counts = network.namedChildren().map(([name, layer]) => {
      const size = layer.parameters().reduce((sum, parameter) => sum + parameter.size, 0)
      return [name, size]
    })
    expect(counts).toEqual([
      ['c1', 156],
      ['s2', 12],
      ['c3', 1516],
      ['s4', 32],
      ['c5', 48_120],
      ['f6', 10_164],
      ['output', 0],
    ])
  })

  it('squashes so that 1 and -1 stay', async () => {
    const values = await scaledTanh(tensor([-1, 0, 1, 100])).data()
    expect([...values].map((value) => Number(value.toFixed(4)))).toEqual([-1, 0, 1, 1.7159])
  })

  it('sums the windows, scales and shifts', async () => {
    const layer = new TrainableSubsampling(2)
    layer.weight.load(Float32Array.of(0.5, -1))
    layer.bias.load(Float32Array.of(1, 2))
    const x = tensor(
      Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => i),
      [1, 2, 3, 4],
    )
    const y = layer.forward(x)
    expect(y.shape).toEqual([1, 2, 1, 2])
    expect([...(await y.data())]).toEqual([6, 10, -56, -64])
  })

  it('gives a code of a digit the distance 0, and every other digit a larger one', async () => {
    const { output } = new LeNet5Original()
    const { codes } = output as EuclideanRbf
    const values = await (output.forward(codes) as typeof codes).data()
    for (let digit = 0; digit < 10; digit++) {
      const row = [...values.subarray(10 * digit, 10 * digit + 10)]
      expect(row[digit]).toBeCloseTo(0)
      // A pixel that differs counts (1 - -1) ** 2.
      for (const [other, value] of row.entries())
        if (other !== digit) expect(value).toBeLessThanOrEqual(-4 * 5)
    }
    expect(new Set(await codes.data())).toEqual(new Set([-1, 1]))
  })

  it('draws codes at random for other classes', async () => {
    const network = await createModel('lenet5_1998', { numClasses: 26 })
    const { codes } = network.getSubmodule('output') as EuclideanRbf
    const values = [...(await codes.data())]
    expect(codes.shape).toEqual([26, 84])
    expect(new Set(values)).toEqual(new Set([-1, 1]))
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0))).toBeLessThan(5 * Math.sqrt(26 * 84))
  })

  it('draws weights within 2.4 by the number of inputs', async () => {
    const { c3 } = new LeNet5Original()
    for (const [i, inputs] of [3, 4, 6].entries()) {
      const weight = new Map(c3.namedParameters()).get(`run${i}.weight`)!
      const most = Math.max(...(await weight.data()).map(Math.abs))
      expect(most).toBeLessThanOrEqual(2.4 / (25 * inputs))
      expect(most).toBeGreaterThan(2 / (25 * inputs))
    }
  })

  it('connects a map of C3 with the maps of its row alone', async () => {
    const { c3 } = new LeNet5Original()
    for (const parameter of c3.parameters()) init.ones(parameter)
    for (const [input, seers] of [
      [0, [0, 4, 5, 6, 9, 10, 11, 12, 14, 15]],
      [3, [1, 2, 3, 6, 7, 8, 9, 12, 14, 15]],
    ] as const) {
      const x = zeros([1, 6, 5, 5]).add(tensor([0, 1, 2, 3, 4, 5]).eq(input).float().reshape(1, 6, 1, 1))
      const values = [...(await c3.forward(x).data())]
      expect(values.flatMap((value, map) => (value > 1 ? [map] : []))).toEqual(seers)
    }
  })
})
