import type { Module } from './module.ts'

/** Sees a module's forward; a result other than undefined replaces the output. */
export type ForwardHook = (module: Module, inputs: readonly unknown[], output: unknown) => unknown

/** The modules whose forward is running, outermost first. */
const running: Module[] = []
const located = new WeakSet<Error>()

/** Runs a module's forward and its hooks; an error that leaves it says in which module it arose. */
export function runForward(
  module: Module,
  forward: (...inputs: unknown[]) => unknown,
  inputs: readonly unknown[],
  hooks: ReadonlySet<ForwardHook>,
): unknown {
  running.push(module)
  try {
    let output = forward.apply(module, [...inputs])
    for (const hook of [...hooks]) output = hook(module, inputs, output) ?? output
    return output
  } catch (error) {
    if (error instanceof Error && !located.has(error)) locate(error, module)
    throw error
  } finally {
    running.pop()
  }
}

function locate(error: Error, module: Module): void {
  located.add(error)
  const outermost = running[0]!
  const name = outermost.namedModules().find(([, candidate]) => candidate === module)?.[0]
  const type = module.constructor.name
  const place = name ? `${name} (${type}) of ${outermost.constructor.name}` : type
  const message = `${error.message}\n  in ${place}`
  if (error.stack) error.stack = error.stack.replace(error.message, () => message)
  error.message = message
}
