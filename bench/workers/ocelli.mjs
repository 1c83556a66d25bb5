import { compile, getBackend, realize } from '../../dist/index.js'
import { engine, serve } from '../serve.mjs'
import { buildFunction, buildTraining } from '../workloads.mjs'

async function open(spec) {
  const { inputs, fn, step, macs } = await (spec.kind === 'training'
    ? buildTraining(spec)
    : buildFunction(spec))
  await realize(...inputs)
  const compiled = compile(fn ?? step)
  const output = async () => (await compiled(...inputs)).data()
  return { run: step ? output : () => compiled(...inputs), output, macs }
}

await serve(engine({ hello: async () => (await getBackend()).info, open }))
