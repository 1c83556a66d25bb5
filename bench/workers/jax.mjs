// jax-js on its WASM backend: products alone, since its convolutions take hundreds of times as long as anyone else's.
import { readFileSync } from 'node:fs'
import * as jax from '@jax-js/jax'
import { signedOf } from '../../scripts/golden.mjs'
import { modules } from '../paths.mjs'
import { engine, serve } from '../serve.mjs'

const { version } = JSON.parse(readFileSync(`${modules}/@jax-js/jax/package.json`, 'utf8'))

async function open({ op, m, k, n }) {
  if (op !== 'matmul') throw new Error('the harness runs matrix products alone on jax-js')
  const input = (i, shape) => jax.numpy.array(signedOf('bench', `input${i}`, shape), { shape })
  const [a, b] = [input(0, [m, k]), input(1, [k, n])]
  const multiply = jax.jit((x, y) => jax.numpy.matmul(x, y))
  // Arguments are consumed: each call gets references of its own.
  const run = async () => {
    const product = multiply(a.ref, b.ref)
    await product.blockUntilReady()
    return product
  }
  return { run: async () => (await run()).dispose(), output: async () => (await run()).data() }
}

async function hello() {
  if (process.env.OCELLI_THREADS !== '1')
    throw new Error('it has one thread where there is no Worker of the web')
  await jax.init('wasm')
  jax.defaultDevice('wasm')
  return { version, threads: 1 }
}

await serve(engine({ hello, open }))
