import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import { modules } from '../paths.mjs'
import { engine, serve } from '../serve.mjs'
import { openSession } from './onnxruntime.mjs'

const threads = Number(process.env.OCELLI_THREADS)
const { version } = JSON.parse(readFileSync(`${modules}/onnxruntime-node/package.json`, 'utf8'))
const options = { intraOpNumThreads: threads, interOpNumThreads: 1 }

await serve(
  engine({
    hello: () => ({ version, threads }),
    open: (spec, model) => openSession(ort, model, spec, options),
  }),
)
