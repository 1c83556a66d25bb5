import { type Module, ModuleDict } from '../../nn/index.ts'
import { concat, type Tensor } from '../../tensor/index.ts'

/** A module under its name in state dicts, or one without parameters, which needs none. */
export type BranchStep = readonly [name: string, module: Module] | Module

/** The steps of one branch, one after the other; a last entry that is a list of steps runs each on the same input. */
export type Branch = readonly (BranchStep | readonly BranchStep[])[]

/**
 * Branches over the same input whose outputs are concatenated over channels, as in the modules of Inception. The names of
 * the steps of all branches stand side by side in state dicts, in the order given.
 */
export class Branches extends ModuleDict {
  readonly #branches: readonly Branch[]

  constructor(branches: readonly Branch[]) {
    super(branches.flatMap((branch) => branch.flatMap(stepsOf)).filter(isNamed))
    this.#branches = branches
  }

  override forward(x: Tensor): Tensor {
    return concat(
      this.#branches.flatMap((branch) => this.#outputsOf(branch, x)),
      1,
    )
  }

  #outputsOf(branch: Branch, x: Tensor): readonly Tensor[] {
    return branch.reduce<readonly Tensor[]>(
      ([y], steps) => stepsOf(steps).map((step) => this.#run(step, y!)),
      [x],
    )
  }

  /** Named modules are looked up each time: another may have taken the place. */
  #run(step: BranchStep, x: Tensor): Tensor {
    return (isNamed(step) ? this.get(step[0]) : step).forward(x)
  }
}

/** Modules over the same input whose outputs are concatenated over channels: one module a branch, by name. */
export class Concurrent extends ModuleDict {
  override forward(x: Tensor): Tensor {
    return concat(
      [...this].map((branch): Tensor => branch.forward(x)),
      1,
    )
  }
}

/** Modules to run one after the other, as a network's `stage` takes them. */
export function chain(...modules: readonly Module[]): { forward(x: Tensor): Tensor } {
  return { forward: (x) => modules.reduce<Tensor>((y, module) => module.forward(y), x) }
}

function isNamed(step: BranchStep): step is readonly [string, Module] {
  return Array.isArray(step)
}

function stepsOf(entry: BranchStep | readonly BranchStep[]): readonly BranchStep[] {
  return Array.isArray(entry) && typeof entry[0] !== 'string'
    ? (entry as readonly BranchStep[])
    : [entry as BranchStep]
}
