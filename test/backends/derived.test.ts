import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { DerivedStore, DerivedValues } from '../../src/backends/derived.ts'
import { compile } from '../../src/compiler/compile.ts'
import { abstractGraph, record } from '../../src/compiler/graph.ts'
import { builtInConvCosts, type Target } from '../../src/compiler/target.ts'
import { IndexError } from '../../src/graph/index-error.ts'
import type { Storage } from '../../src/graph/storage.ts'
import * as nn from '../../src/nn/index.ts'
import { noGrad, tensor } from '../../src/tensor/index.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const target: Target = {
  convCosts: builtInConvCosts,
  packedMatrixBytes: (k, n) => 4 * k * n,
  packedConvBytes: () => {
    throw new Error('there are no convolutions here')
  },
}

type Store = DerivedStore<Uint8Array>
const newStore = (): Store => new DerivedStore((bytes) => new Uint8Array(bytes))
/** Two packed matrices. */
const networkBytes = 4 * (6 * 4 + 4 * 3)

function newNetwork(): nn.Sequential {
  return new nn.Sequential(new nn.Linear(6, 4), new nn.Linear(4, 3))
}

/** A network's program for a batch of some size, as a backend keeps it, and what it asked to be computed. */
class Program {
  readonly asked: number[][] = []
  readonly #derived: DerivedValues<Uint8Array>
  readonly #inputs: Storage[]

  constructor(store: Store, network: nn.Module, batch: number) {
    const recorded = record([
      noGrad(() => network.forward(tensor(new Float32Array(6 * batch), [batch, 6]))).node,
    ])
    this.#inputs = recorded.leaves.map((leaf) => leaf.storage!)
    this.#derived = new DerivedValues(store, compile(abstractGraph(recorded), target).derivations)
  }

  async run(outcome: () => Promise<IndexError | undefined> = async () => undefined) {
    return this.#derived.get(this.#inputs, (derivations) => {
      this.asked.push([...derivations])
      return outcome()
    })
  }

  /** As a step of an optimizer changes a parameter in place. */
  change(size: number): void {
    this.#inputs.find((storage) => storage.size === size)!.version++
  }

  /** As programs hold parameters: not at all. */
  forget(): void {
    this.#inputs.length = 0
  }
}

async function collected(done: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !done(); i++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('derived values', () => {
  it('are computed once for two sizes of batch', async () => {
    const store = newStore()
    const network = newNetwork()
    const [two, eight] = [new Program(store, network, 2), new Program(store, network, 8)]
    const { values } = await two.run()
    expect(two.asked).toEqual([[0, 1]])
    expect(store.bytes).toBe(networkBytes)
    expect((await eight.run()).values).toEqual(values)
    expect(eight.asked).toEqual([])
    expect(store.bytes).toBe(networkBytes)
  })

  it('are computed once for two networks on one backbone', async () => {
    const store = newStore()
    const backbone = new nn.Linear(6, 4)
    const two = new Program(store, new nn.Sequential(backbone, new nn.Linear(4, 3)), 2)
    const other = new Program(store, new nn.Sequential(backbone, new nn.Linear(4, 5)), 2)
    await two.run()
    await other.run()
    expect(other.asked).toEqual([[1]])
  })

  it('are computed anew where a parameter has changed, for all programs', async () => {
    const store = newStore()
    const network = newNetwork()
    const [two, eight] = [new Program(store, network, 2), new Program(store, network, 8)]
    await two.run()
    await eight.run()
    two.change(6 * 4)
    await eight.run()
    await two.run()
    expect(eight.asked).toEqual([[0]])
    expect(two.asked).toEqual([[0, 1]])
    expect(store.bytes).toBe(networkBytes)
  })

  it('are not shared with another network of the same structure', async () => {
    const store = newStore()
    const [two, other] = [new Program(store, newNetwork(), 2), new Program(store, newNetwork(), 2)]
    const first = await two.run()
    const second = await other.run()
    expect(other.asked).toEqual([[0, 1]])
    expect(second.values[0]).not.toBe(first.values[0])
    expect(store.bytes).toBe(2 * networkBytes)
  })

  it('are computed once by runs that start at once', async () => {
    const store = newStore()
    const network = newNetwork()
    const [two, eight] = [new Program(store, network, 2), new Program(store, network, 8)]
    let finished = false
    const slowly = async (): Promise<undefined> => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      finished = true
    }
    const first = two.run(slowly)
    await eight.run()
    expect(finished).toBe(true)
    await first
    expect([...two.asked, ...eight.asked]).toEqual([[0, 1]])
  })

  it('are computed by the next run where the first one was stopped', async () => {
    const store = newStore()
    const network = newNetwork()
    const [two, eight] = [new Program(store, network, 2), new Program(store, network, 8)]
    const first = two.run(() => Promise.reject(new Error('stopped')))
    const second = eight.run()
    await expect(first).rejects.toThrow('stopped')
    await second
    expect(eight.asked).toEqual([[0, 1]])
  })

  it('report an index out of range each time', async () => {
    const program = new Program(newStore(), newNetwork(), 2)
    const error = new IndexError('out of range')
    for (let i = 0; i < 2; i++) expect((await program.run(async () => error)).fault).toBe(error)
    expect(program.asked).toEqual([
      [0, 1],
      [0, 1],
    ])
    expect((await program.run()).fault).toBeUndefined()
  })

  it('go with their parameters', async () => {
    const store = newStore()
    const program = new Program(store, newNetwork(), 2)
    await program.run()
    program.forget()
    await collected(() => store.bytes === 0)
    expect(store.bytes).toBe(0)
    expect(program.asked).toHaveLength(1)
  })

  it('go with the last program that uses them', async () => {
    const store = newStore()
    const network = newNetwork()
    const kept = new Program(store, network, 2)
    await kept.run()
    await (async () => {
      await new Program(store, network, 8).run()
      await new Program(store, new nn.Sequential(network, new nn.Linear(3, 2)), 2).run()
    })()
    expect(store.bytes).toBe(networkBytes + 4 * 3 * 2)
    await collected(() => store.bytes === networkBytes)
    expect(store.bytes).toBe(networkBytes)
    await kept.run()
    expect(kept.asked).toHaveLength(1)
  })
})
