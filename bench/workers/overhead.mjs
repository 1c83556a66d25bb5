// What a run costs besides computing.
import { compile, realize, tensor } from '../../dist/index.js'
import { serve } from '../serve.mjs'
import { buildFunction } from '../workloads.mjs'

async function fastest(run, milliseconds) {
  let best = Number.POSITIVE_INFINITY
  const end = performance.now() + milliseconds
  for (let runs = 0; runs < 5 || performance.now() < end; runs++) {
    const start = performance.now()
    await run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

async function measure({ network, milliseconds }) {
  const { fn, inputs } = await buildFunction({ kind: 'network', network, batch: 1, size: 224 })
  await realize(...inputs)
  const [compiled, trivial] = [compile(fn), compile((x) => x.add(1))]
  const one = tensor([1])
  const run = await fastest(() => compiled(...inputs), milliseconds)
  const traced = await fastest(() => realize(fn(...inputs)), milliseconds)
  const recording = await fastest(() => fn(...inputs), milliseconds)
  const dispatch = await fastest(() => trivial(one), milliseconds)
  const figure = (ms) => ({ ms, share: ms / run })
  return {
    'compiled run': figure(run),
    'traced run': figure(traced),
    tracing: figure(recording),
    dispatch: figure(dispatch),
  }
}

await serve({ measure })
