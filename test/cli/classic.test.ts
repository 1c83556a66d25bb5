import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatCsv } from '../../src/classical/index.ts'
import { weatherNominal, weatherNumeric } from '../classical/weather.ts'
import { type Finished, ocelli, temporaryFolder, writePicture } from '../support/command-line.ts'

const cwd = temporaryFolder()
const run = (...args: string[]): Promise<Finished> => ocelli(['classic', ...args], { cwd })
const file = (name: string): string => join(cwd, name)

async function ran(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  expect(code, stderr).toBe(0)
  return stdout
}

async function failed(...args: string[]): Promise<string> {
  const { code, stderr } = await run(...args)
  expect(code).not.toBe(0)
  expect(stderr).not.toMatch(/\n\s+at /)
  return stderr
}

beforeAll(async () => {
  writeFileSync(file('weather.csv'), formatCsv(weatherNumeric))
  writeFileSync(file('nominal.csv.gz'), gzipSync(formatCsv(weatherNominal)))
  const line = Array.from({ length: 40 }, (_, i) => `${i},${(i * 7) % 11},${3 * i + 1}`)
  writeFileSync(file('line.csv'), `a,b,y\n${line.join('\n')}\n`)
  for (const [name, colour] of [
    ['grass', [30, 160, 40]],
    ['sky', [90, 150, 240]],
  ] as const) {
    mkdirSync(file(`photos/${name}`), { recursive: true })
    for (let i = 0; i < 6; i++) {
      await writePicture(file(`photos/${name}/${i}.png`), [colour[0], colour[1] - 5 * i, colour[2]])
    }
  }
})

describe('ocelli classic', () => {
  it('compares all methods, ZeroR as the baseline, best first', async () => {
    const text = await ran('compare', 'weather.csv', '--folds', '5')
    expect(text).toMatch(/^method +accuracy +± +kappa +AUC +time\n/)
    expect(text).toMatch(/^ZeroR +6\d\.\d\d %/m)
    expect(text).toMatch(/^C4\.5 /m)
    expect(text).toContain('ID3 was left out: Id3: ')
    const { rows, task } = JSON.parse(await ran('compare', 'weather.csv', '--folds', '5', '--json'))
    expect(task).toBe('classification')
    const scores = rows.map(({ score }: { score: number }) => score)
    expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a))
  })

  it('compares regressors where the target is a number', async () => {
    const { rows } = JSON.parse(
      await ran('compare', 'line.csv', '-m', 'cart', '--json', '--plots', 'drawn', '--folds', '4'),
    )
    expect(rows.map(({ method }: { method: string }) => method)).toEqual([
      'cart-regressor',
      'zeror-regressor',
    ])
    expect(rows[0].score).toBeGreaterThan(0.9)
    expect(readFileSync(file('drawn/comparison.svg'), 'utf8')).toContain('Regression tree')
  })

  it('compares a method with options of its own, ZeroR with none', async () => {
    const { rows } = JSON.parse(
      await ran('compare', 'weather.csv', '-m', 'cart', '--set', 'maxDepth=1', '--folds', '3', '--json'),
    )
    expect(rows.map(({ method }: { method: string }) => method).sort()).toEqual(['cart', 'zeror'])
  })

  it('draws the ROC of the second class in the order of the column, which the AUC is of', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i < 20 ? i : i + 100},${i < 20 ? 'yes' : 'no'}`)
    writeFileSync(
      file('order.arff'),
      `@relation order\n@attribute x numeric\n@attribute class {yes,no}\n@data\n${rows.join('\n')}\n`,
    )
    const { rows: scored } = JSON.parse(
      await ran('compare', 'order.arff', '-m', 'gaussian-nb', '--folds', '4', '--json', '--plots', 'order'),
    )
    expect(scored[0]).toMatchObject({ method: 'gaussian-nb', auc: 1 })
    const picture = readFileSync(file('order/roc.svg'), 'utf8')
    expect(picture).toMatch(/ROC of ('|&#39;)no\1, out of fold/)
    expect(picture).toMatch(/Gaussian naive Bayes[^<]*1\.000?/)
  })

  it('fits, shows, draws and saves a method, and predicts with it', async () => {
    const text = await ran('fit', '--method', 'c45', 'weather.csv', '--plots', 'pictures')
    expect(text).toContain('outlook = overcast: yes (4.0)')
    expect(text).toContain('accuracy on the rows it learned from  100.00 %')
    expect(readFileSync(file('pictures/tree.svg'), 'utf8')).toContain('outlook')
    expect(readFileSync(file('pictures/roc.svg'), 'utf8')).toContain('<svg')
    // Columns come by name, in any order; the class need not be there.
    writeFileSync(
      file('tomorrow.csv'),
      'windy,humidity,outlook,temperature\ntrue,90,rainy,70\nfalse,60,sunny,71\n',
    )
    expect(await ran('predict', '--model', 'weather-c45.json', 'tomorrow.csv')).toBe(
      'no\t1.0000\nyes\t1.0000\n',
    )
    const again = JSON.parse(await ran('predict', '--model', 'weather-c45.json', 'weather.csv', '--json'))
    expect(again.accuracy).toBe(1)
    expect(again.predictions[0].probabilities).toEqual({ no: 1, yes: 0 })
  })

  it('takes options, a part to test, another target and gzipped tables', async () => {
    const fitted = await ran(
      'fit',
      '-m',
      'cart',
      '--set',
      'maxDepth=1',
      '--test',
      '0.3',
      '-o',
      'stump.json',
      'weather.csv',
    )
    expect(fitted).toContain('accuracy on 5 rows kept to test')
    expect(JSON.parse(readFileSync(file('stump.json'), 'utf8')).options.maxDepth).toBe(1)
    const target = await run('fit', '-m', 'id3', '-t', 'outlook', 'nominal.csv.gz')
    expect(target.stderr).toContain("classification of 'outlook'")
    expect(target.code).toBe(0)
  })

  it('takes the pixels of images', async () => {
    const { rows } = JSON.parse(
      await ran('compare', 'photos', '-m', 'gaussian-nb', '--size', '4', '--folds', '3', '--json'),
    )
    expect(rows[0]).toMatchObject({ method: 'gaussian-nb', score: 1 })
    await ran('fit', 'photos', '-m', 'oner', '--size', '4', '-o', 'photos.json')
    const predicted = await run('predict', '--model', 'photos.json', 'photos')
    expect(predicted.stderr).toContain('accuracy 100.00 %')
  })

  it('lists the methods', async () => {
    const text = await ran('list')
    expect(text).toMatch(/classifiers\n {2}zeror +the most frequent class/)
    expect(text).toMatch(/regressors\n {2}zeror-regressor /)
  })

  it('says what is wrong', async () => {
    expect(await failed()).toContain('classic takes fit, predict, compare, list')
    expect(await failed('fit', 'weather.csv')).toContain('needs one --method')
    expect(await failed('fit', '-m', 'forest', 'weather.csv')).toContain("there is no method 'forest'")
    expect(await failed('fit', '-m', 'cart', '--set', 'depth=3', 'weather.csv')).toContain(
      "no option 'depth'",
    )
    expect(await failed('fit', '-m', 'cart-regressor', 'weather.csv')).toContain(
      'cart-regressor is for regression',
    )
    expect(await failed('fit', '-m', 'cart', 'absent.csv')).toContain('absent.csv: cannot be read')
    expect(await failed('fit', '-m', 'cart', '-t', 'rain', 'weather.csv')).toContain(
      'it has outlook, temperature',
    )
    expect(await failed('compare', 'weather.csv', '--size', '8')).toContain('is for images')
    writeFileSync(file('broken.json'), '{"format": "ocelli.classical", "version": 1, "method": "c45"')
    expect(await failed('predict', '--model', 'broken.json', 'weather.csv')).toContain(
      'broken.json: cannot be read',
    )
    await ran('fit', '-m', 'zeror', 'weather.csv', '-o', 'odd.json')
    const saved = JSON.parse(readFileSync(file('odd.json'), 'utf8'))
    writeFileSync(
      file('odd.json'),
      JSON.stringify({ ...saved, source: { ...saved.source, flags: { type: 5 } } }),
    )
    expect(await failed('predict', '--model', 'odd.json', 'weather.csv')).toContain('where a list is needed')
    writeFileSync(file('ragged.csv'), 'a,b\n1,2\n3\n')
    expect(await failed('compare', 'ragged.csv')).toContain('ragged.csv: row 2 has 1 values')
  })
})
