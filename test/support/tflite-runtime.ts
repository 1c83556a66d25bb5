import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

interface RuntimeTensor {
  readonly shape: string
  data(): Float32Array | Uint8Array | Int8Array
}

interface List<T> {
  size(): number
  get(index: number): T
}

interface Runner {
  GetInputs(): List<RuntimeTensor>
  GetOutputs(): List<RuntimeTensor>
  Infer(): boolean
}

interface RuntimeModule {
  readonly HEAPU8: Uint8Array
  _malloc(bytes: number): number
  readonly TFLiteWebModelRunner: {
    CreateFromBufferAndOptions(
      at: number,
      bytes: number,
      options: object,
    ): { ok(): boolean; errorMessage(): string; value(): Runner }
  }
}

/** Runs a file on inputs, as TensorFlow has them, and gives the outputs. */
export type TfliteRuntime = (file: Uint8Array, inputs: readonly ArrayLike<number>[]) => number[][]

/** TensorFlow Lite itself, from the folder `wasm` of the npm package @tensorflow/tfjs-tflite. */
export async function tfliteRuntime(folder: string): Promise<TfliteRuntime> {
  const path = join(folder, 'tflite_web_api_cc.js')
  const code = `${readFileSync(path, 'utf8')}\nreturn tflite_web_api_ModuleFactory`
  const factory = new Function('require', '__dirname', '__filename', code)(
    createRequire(path),
    folder,
    path,
  ) as (options: object) => Promise<RuntimeModule>
  const module = await factory({
    wasmBinary: readFileSync(path.replace(/js$/, 'wasm')),
    print: () => {},
    printErr: () => {},
  })
  const list = <T>(values: List<T>): T[] => Array.from({ length: values.size() }, (_, i) => values.get(i))
  return (file, inputs) => {
    const at = module._malloc(file.length)
    module.HEAPU8.set(file, at)
    const options = { numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 16 }
    const created = module.TFLiteWebModelRunner.CreateFromBufferAndOptions(at, file.length, options)
    if (!created.ok()) throw new Error(`TensorFlow Lite refuses the file: ${created.errorMessage()}`)
    const runner = created.value()
    for (const [i, tensor] of list(runner.GetInputs()).entries()) tensor.data().set(inputs[i]!)
    if (!runner.Infer()) throw new Error('TensorFlow Lite cannot run the file')
    return list(runner.GetOutputs()).map((tensor) => [...tensor.data()])
  }
}
