import { showAsText } from '../tensor/inspect.ts'
import { Tensor } from '../tensor/tensor.ts'
import { changeMode } from '../tensor/trace.ts'
import { type ForwardHook, runForward } from './forward.ts'
import { type LoadResult, type LoadSource, loadState } from './load-state.ts'
import { Buffer, Parameter } from './parameter.ts'

/**
 * Base of all layers and networks. Parameters (`parameter`), buffers (`buffer`) and other modules become part of a module
 * by being its properties; their names are the names in state dicts, their order is that of declaration. Subclasses
 * override `forward` and are used by calling it.
 */
export class Module {
  /** Whether layers such as dropout and batch normalization behave as in training; set by train() and eval(). */
  training = true
  readonly #hooks = new Set<ForwardHook>()

  constructor() {
    const forward = this.forward
    Object.defineProperty(this, 'forward', {
      value: (...inputs: unknown[]) => runForward(this, forward, inputs, this.#hooks),
      writable: true,
      configurable: true,
    })
  }

  /** What the module computes. */
  // biome-ignore lint/suspicious/noExplicitAny: overrides take and return what they like; each narrows both
  forward(..._inputs: any[]): any {
    throw new Error(`${this.constructor.name} does not override forward()`)
  }

  /** Properties that may be parameters, buffers or modules; containers add their contents. */
  protected members(): Iterable<readonly [name: string, value: unknown]> {
    return Object.entries(this)
  }

  #own<T>(kind: abstract new (...args: never[]) => T): [string, T][] {
    const found: [string, T][] = []
    for (const [name, value] of this.members()) {
      if (value instanceof kind) found.push([name, value])
      else if (Array.isArray(value) && value.some(isRegistrable)) {
        throw new TypeError(
          `${this.constructor.name}.${name} is an array of modules or parameters, which would not be found; ` +
            'use a ModuleList, or a #private field for what is not to be found',
        )
      }
    }
    return found
  }

  /** The modules that are properties of this one, by name; each once. */
  namedChildren(): [name: string, module: Module][] {
    return distinct(this.#own(Module))
  }

  children(): Module[] {
    return this.namedChildren().map(([, module]) => module)
  }

  /** This module (named '') and all below it, by dotted name, parents first; each once. */
  namedModules(): [name: string, module: Module][] {
    return distinct(this.#everyModule(''))
  }

  modules(): Module[] {
    return this.namedModules().map(([, module]) => module)
  }

  #everyModule(prefix: string): [string, Module][] {
    const below = this.#own(Module).flatMap(([name, module]) => module.#everyModule(joined(prefix, name)))
    return [[prefix, this], ...below]
  }

  #everyTensor<T extends Tensor>(kind: abstract new (...args: never[]) => T): [string, T][] {
    return distinct(
      this.namedModules().flatMap(([path, module]) =>
        module.#own(kind).map(([name, tensor]): [string, T] => [joined(path, name), tensor]),
      ),
    ).map(labelled)
  }

  /** The parameters of this module and all below it, by dotted name; each once. */
  namedParameters(): [name: string, parameter: Parameter][] {
    return this.#everyTensor(Parameter)
  }

  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter)
  }

  /** The buffers of this module and all below it, by dotted name; each once. */
  namedBuffers(): [name: string, buffer: Buffer][] {
    return this.#everyTensor(Buffer)
  }

  buffers(): Buffer[] {
    return this.namedBuffers().map(([, buffer]) => buffer)
  }

  /** The module with a dotted name; '' is this one. */
  getSubmodule(path: string): Module {
    let module: Module = this
    let reached = ''
    for (const name of path === '' ? [] : path.split('.')) {
      const children = module.#own(Module)
      const found = children.find(([child]) => child === name)
      if (found === undefined) {
        throw new RangeError(
          `getSubmodule: ${module.constructor.name}${reached && ` (${reached})`} has no module '${name}' on the way ` +
            `to '${path}'; it has ${children.map(([child]) => child).join(', ') || 'none'}`,
        )
      }
      module = found[1]
      reached = joined(reached, name)
    }
    return module
  }

  /** Puts a module in the place of the one with a dotted name. */
  setSubmodule(path: string, module: Module): this {
    const dot = path.lastIndexOf('.')
    const name = path.slice(dot + 1)
    this.getSubmodule(path)
    this.getSubmodule(path.slice(0, Math.max(dot, 0))).replaceChild(name, module)
    changeMode()
    return this
  }

  /** Containers and modules that keep children elsewhere than in properties override this. */
  protected replaceChild(name: string, module: Module): void {
    Object.assign(this, { [name]: module })
  }

  /** Switches this module and all below it to training or evaluation. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode
    changeMode()
    return this
  }

  eval(): this {
    return this.train(false)
  }

  /** Excludes all parameters from training: no gradients are computed for them. */
  freeze(): this {
    return this.#requireGradients(false)
  }

  unfreeze(): this {
    return this.#requireGradients(true)
  }

  #requireGradients(required: boolean): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = required
    changeMode()
    return this
  }

  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null
  }

  /** Calls fn with all modules below this one, then with this one. */
  apply(fn: (module: Module) => void): this {
    for (const child of this.children()) child.apply(fn)
    fn(this)
    return this
  }

  /**
   * Has fn called after each forward with the module, its inputs and its output; a result other than undefined replaces the
   * output. Returns a function that removes the hook.
   */
  registerForwardHook(fn: ForwardHook): () => void {
    // A hook of its own for each registration: the same function may be registered twice.
    const hook: ForwardHook = (module, inputs, output) => fn(module, inputs, output)
    this.#hooks.add(hook)
    changeMode()
    return () => {
      if (this.#hooks.delete(hook)) changeMode()
    }
  }

  /**
   * Runs fn and returns its result together with the outputs of the named modules (or those the predicate picks), by name,
   * in the order in which they ran; of a module that runs several times, the last one.
   */
  captureOutputs<T>(
    which: readonly string[] | ((name: string, module: Module) => boolean),
    fn: () => T,
  ): { result: T; outputs: Map<string, Tensor> } {
    const wanted: [string, Module][] =
      typeof which === 'function'
        ? this.namedModules().filter(([name, module]) => which(name, module))
        : which.map((name) => [name, this.getSubmodule(name)])
    const outputs = new Map<string, Tensor>()
    const removals = wanted.map(([name, module]) =>
      module.registerForwardHook((_, __, output) => {
        if (!(output instanceof Tensor)) {
          throw new TypeError(`captureOutputs: the output of '${name}' is not a tensor`)
        }
        outputs.delete(name)
        outputs.set(name, output)
      }),
    )
    try {
      const result = fn()
      const idle = typeof which === 'function' ? [] : which.filter((name) => !outputs.has(name))
      if (idle.length > 0) {
        throw new Error(`captureOutputs: ${idle.map((name) => `'${name}'`).join(', ')} did not run`)
      }
      return { result, outputs }
    } finally {
      for (const remove of removals) remove()
    }
  }

  /** All parameters and persistent buffers by dotted name, in PyTorch's order. The tensors are the module's own. */
  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>()
    for (const [path, module] of this.#everyModule('')) {
      const buffers = module.#own(Buffer).filter(([, buffer]) => buffer.persistent)
      for (const [name, tensor] of [...module.#own(Parameter), ...buffers]) {
        const full = joined(path, name)
        labelled([full, tensor])
        state.set(full, tensor)
      }
    }
    return state
  }

  /**
   * Replaces parameters and buffers by the values of the same names, converted to their dtypes. In strict mode (the default)
   * any name missing, left over or of another shape is an Error that lists them, and nothing is loaded; otherwise what fits
   * is loaded and the rest reported. A missing num_batches_tracked is allowed, as files of old PyTorch lack it.
   * With `assign` the arrays of tensors read from a file become the parameters, where they need no conversion, instead of
   * being copied, which spares the memory of a second copy: `source` is not to be used any more.
   */
  loadStateDict(
    source: ReadonlyMap<string, LoadSource>,
    options: { readonly strict?: boolean; readonly assign?: boolean } = {},
  ): LoadResult {
    return loadState(this.constructor.name, this.stateDict(), source, options)
  }

  /** The options that `toString` prints: overridden by layers. */
  extraRepr(): string {
    return ''
  }

  /** The tree of modules, as PyTorch prints it. */
  toString(): string {
    const indented = (text: string): string => text.replaceAll('\n', '\n  ')
    const lines = this.#own(Module).map(([name, module]) => `(${name}): ${indented(module.toString())}`)
    const extra = this.extraRepr()
    if (lines.length === 0) return `${this.constructor.name}(${extra})`
    return `${this.constructor.name}(\n  ${[...(extra ? [extra] : []), ...lines].join('\n  ')}\n)`
  }
}

showAsText(Module.prototype)

function isRegistrable(value: unknown): boolean {
  return value instanceof Module || value instanceof Parameter || value instanceof Buffer
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function distinct<T>(named: readonly [string, T][]): [string, T][] {
  const seen = new Set<T>()
  return named.filter(([, value]) => !seen.has(value) && seen.add(value))
}

/** Error texts call a tensor by its name in the outermost module that listed it. */
function labelled<T extends Tensor>(named: [string, T]): [string, T] {
  const [name, tensor] = named
  if (tensor.label === undefined || depth(name) >= depth(tensor.label)) tensor.label = name
  return named
}

function depth(name: string): number {
  return name.split('.').length
}
