import {
  InputError,
  isMethodName,
  type MethodName,
  methods,
  type Predictor,
  preparedMethod,
  StateError,
} from '../classical/index.ts'
import type { ClassicData } from './classic-data.ts'
import { CommandError, UsageError } from './command.ts'

/** The key of the method for the task: `knn` of a regression is `knn-regressor`. */
export function methodFor(name: string, task: ClassicData['task']): MethodName {
  const kind = task === 'regression' ? 'regressor' : 'classifier'
  const found = [name, `${name}-regressor`].find((each) => isMethodName(each) && methods[each].kind === kind)
  if (found !== undefined) return found as MethodName
  const known = methodsOf(task).join(', ')
  const other = isMethodName(name) && methods[name].kind !== 'transformer'
  throw new UsageError(
    other
      ? `${name} is for ${task === 'regression' ? 'classification' : 'regression'}, and this is ${task} (--task); for it are ${known}`
      : `there is no method '${name}'; for ${task} there are ${known}`,
  )
}

export function methodsOf(task: ClassicData['task']): MethodName[] {
  const kind = task === 'regression' ? 'regressor' : 'classifier'
  return (Object.keys(methods) as MethodName[]).filter((name) => methods[name].kind === kind)
}

/** A method with what usually goes before it. An option that it does not have is an error of the command line. */
export async function openMethod(
  name: MethodName,
  x: ClassicData['x'],
  settings: object,
): Promise<Predictor> {
  try {
    return await preparedMethod(name, x, settings)
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(`--set: ${error.message}`)
    throw error
  }
}

/** `name=value` as options: numbers, true and false, null, JSON lists, and words. */
export function parseSettings(settings: readonly string[]): { readonly [name: string]: unknown } {
  return Object.fromEntries(
    settings.map((text) => {
      const [, name, value] = /^([A-Za-z]\w*)=(.*)$/s.exec(text) ?? []
      if (name === undefined || value === undefined) {
        throw new UsageError(`--set takes option=value, such as maxDepth=3; got '${text}'`)
      }
      try {
        return [name, JSON.parse(value)]
      } catch {
        return [name, value]
      }
    }),
  )
}

/** What methods and files refuse is shown without a stack. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof InputError || error instanceof StateError) {
      throw new CommandError(error.message)
    }
    throw error
  }
}
