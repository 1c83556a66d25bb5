import { type ClassicAction, classicActions, classicDataOptions } from '../classic-options.ts'
import { type Command, defineCommand, UsageError } from '../command.ts'

function isAction(name: string | undefined): name is ClassicAction {
  return classicActions.some((action) => action === name)
}

export const classicCommand: Command = defineCommand({
  name: 'classic',
  summary:
    'Learns and compares classical methods, from ZeroR to support vector machines, on a table or on images',
  usage: '<fit|predict|compare|list> [table or folder]',
  options: {
    method: {
      kind: 'list',
      placeholder: 'name',
      short: 'm',
      description:
        'fit: the method, by its key (ocelli classic list); compare: one of those to compare, may be repeated',
    },
    set: {
      kind: 'list',
      placeholder: 'option=value',
      description: "an option of the method's, such as maxDepth=3; may be repeated",
    },
    model: { kind: 'text', placeholder: 'file', description: 'predict: what fit saved' },
    out: {
      kind: 'text',
      placeholder: 'file',
      short: 'o',
      description: 'fit: where the method is saved; by default named after the data and the method',
    },
    test: {
      kind: 'number',
      placeholder: 'share',
      default: 0,
      minimum: 0,
      description: 'fit: the share of the rows that is kept to test',
    },
    folds: {
      kind: 'number',
      placeholder: 'n',
      default: 10,
      minimum: 2,
      integer: true,
      description: 'compare: the folds of the cross-validation',
    },
    seed: {
      kind: 'number',
      placeholder: 'n',
      default: 0,
      minimum: 0,
      integer: true,
      description: 'what the choice of rows depends on',
    },
    ...classicDataOptions,
    plots: {
      kind: 'text',
      placeholder: 'folder',
      description:
        'draws what there is to see as SVG: tree, decision boundary, ROC, confusion matrix, comparison',
    },
    plotFeatures: {
      kind: 'text',
      placeholder: 'a,b',
      description:
        'fit --plots: the two columns over which the decision boundary is drawn; learns from them alone for the picture',
    },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [
    'A table is a .csv or .arff file, plain or gzipped; its last column is predicted unless --target names another. Words are classes, ' +
      'numbers are a regression, few whole numbers are classes: --task says otherwise. ' +
      'A folder holds labelled images as ocelli train takes them; methods see their pixels, or with --features what a network makes of them.',
    'Categories become columns of zeros and ones, gaps are filled, and columns are scaled where a method needs it; what that learns, it ' +
      'learns from the training rows alone. compare uses the same stratified folds for all methods; ZeroR is the baseline.',
  ],
  examples: [
    'ocelli classic compare iris.arff',
    'ocelli classic fit --method c45 weather.arff --plots pictures',
    'ocelli classic predict --model weather-c45.json tomorrow.csv',
    'ocelli classic fit --method svc --set C=10 --set gamma=0.1 --test 0.25 wine.csv',
    'ocelli classic compare --features mobilenet_v2 photographs',
  ],
  run: async ([action, ...args], flags) => {
    if (!isAction(action)) {
      throw new UsageError(
        `classic takes ${classicActions.join(', ')}${action === undefined ? '' : `; got '${action}'`}`,
      )
    }
    // The methods are loaded for this command alone.
    const { runClassic } = await import('../classic.ts')
    await runClassic(action, args, flags)
  },
})
