import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-web'
import { modules } from '../paths.mjs'
import { engine, serve } from '../serve.mjs'
import { openSession } from './onnxruntime.mjs'

const threads = Number(process.env.OCELLI_THREADS)
const { version } = JSON.parse(readFileSync(`${modules}/onnxruntime-web/package.json`, 'utf8'))
ort.env.wasm.numThreads = threads

await serve(
  engine({
    hello: () => ({ version, threads }),
    open: (spec, model) => openSession(ort, readFileSync(model), spec, { executionProviders: ['wasm'] }),
  }),
)
