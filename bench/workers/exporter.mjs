// Writes what the peers read: an ONNX file, or a file of weights, of what Ocelli runs. Files are kept from run to run.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { saveSafetensors } from '../../dist/weights/file.js'
import { describeFunction, modelOf } from '../onnx/model.mjs'
import { encodeModel } from '../onnx/write.mjs'
import { cache } from '../paths.mjs'
import { serve } from '../serve.mjs'
import { buildFunction, buildNetwork } from '../workloads.mjs'

const folder = join(cache, 'models')
const exporter = ['../onnx/model.mjs', '../onnx/patterns.mjs', '../onnx/write.mjs']
  .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
  .join('')

async function writePieces(path, pieces) {
  const temporary = `${path}.partial`
  const file = await open(temporary, 'w')
  for (const piece of pieces) writeSync(file.fd, piece)
  await file.close()
  renameSync(temporary, path)
}

async function onnx({ spec }) {
  const openBatch = spec.kind === 'network'
  // One file serves every batch size.
  const workload = await buildFunction(openBatch ? { ...spec, batch: 1 } : spec)
  const { fn, inputs } = workload
  const key = createHash('sha256')
    .update(exporter)
    .update(await describeFunction(fn, inputs))
  const name = spec.network ?? spec.op
  const path = join(folder, `${name}-${key.digest('hex').slice(0, 12)}.onnx`)
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    await writePieces(path, encodeModel(await modelOf(fn, inputs, { name, openBatch })))
  }
  return path
}

async function weights({ spec }) {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${spec.network}.safetensors`)
  await saveSafetensors(path, (await buildNetwork(spec)).stateDict())
  return path
}

await serve({ onnx, weights })
