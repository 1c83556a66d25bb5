import { beforeAll, describe, expect, it } from 'vitest'
import * as optim from '../../src/optim/index.ts'
import { variable } from '../../src/tensor/create.ts'
import { compile, realize, setBackend, type Tensor, tensor } from '../../src/tensor/index.ts'
import { compiledPrograms } from '../../src/tensor/realize.ts'
import { expectClose, fixture, numbersIn } from './fixture.ts'

interface Case {
  readonly optimizer: string
  readonly options: { readonly lr?: number }
  /** All parameters in one row, after each step. */
  readonly parameters: readonly string[]
}

const { shapes, initial, gradients, halvedAt, cases } = fixture<{
  readonly shapes: readonly number[][]
  readonly initial: readonly string[]
  /** By step and parameter. */
  readonly gradients: readonly (readonly (string | null)[])[]
  readonly halvedAt: number
  readonly cases: readonly Case[]
}>('optimizers.json')

const makers: Readonly<Record<string, (params: Tensor[], options: object) => optim.Optimizer>> = {
  SGD: optim.sgd,
  Adam: optim.adam,
  AdamW: optim.adamW,
  Adamax: optim.adamax,
  RMSprop: optim.rmsprop,
}

function start({ optimizer: name, options }: Case): { parameters: Tensor[]; optimizer: optim.Optimizer } {
  const parameters = initial.map((values, i) =>
    variable(Float32Array.from(numbersIn(values)), shapes[i]!, { requiresGrad: true }),
  )
  return { parameters, optimizer: makers[name]!(parameters, options) }
}

const gradientTensor = (values: string, i: number): Tensor =>
  tensor(Float32Array.from(numbersIn(values)), shapes[i]!)

async function expectParameters(parameters: readonly Tensor[], expected: string): Promise<void> {
  const values = await Promise.all(parameters.map((parameter) => parameter.data()))
  expectClose(
    values.flatMap((data) => [...data]),
    numbersIn(expected),
    { relative: 3e-6, absolute: 1e-6 },
  )
}

const titled = cases.map((entry) => [`${entry.optimizer} ${JSON.stringify(entry.options)}`, entry] as const)

describe('the parameters are those of PyTorch', () => {
  beforeAll(async () => {
    await setBackend('reference')
  })

  it.each(titled)('%s', async (_, entry) => {
    const { parameters, optimizer } = start(entry)
    const programs: number[] = []
    for (const [step, row] of gradients.entries()) {
      if (step === halvedAt) optimizer.paramGroups[0]!.lr /= 2
      optimizer.zeroGrad()
      for (const [i, values] of row.entries()) {
        parameters[i]!.grad = values === null ? null : gradientTensor(values, i)
      }
      await optimizer.step()
      await expectParameters(parameters, entry.parameters[step]!)
      programs.push(compiledPrograms)
    }
    // One program with both gradients, one without the second.
    expect(new Set(programs.slice(1)).size).toBe(1)
  })

  it.each(titled)('compiled: %s', async (_, entry) => {
    const { parameters, optimizer } = start(entry)
    let recorded = 0
    const step = compile((...given: Tensor[]): Tensor => {
      recorded++
      optimizer.zeroGrad()
      const loss = given.map((g, i) => parameters[i]!.mul(g).sum()).reduce((a, b) => a.add(b))
      loss.backward()
      optimizer.update({ guard: loss })
      return loss
    })
    for (const [i, row] of gradients.entries()) {
      if (i === halvedAt) optimizer.paramGroups[0]!.lr /= 2
      const given = row.flatMap((values, j) => (values === null ? [] : [gradientTensor(values, j)]))
      await realize(await step(...given))
      await expectParameters(parameters, entry.parameters[i]!)
    }
    expect(recorded).toBe(2)
  })
})
