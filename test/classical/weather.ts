import { Table } from '../../src/classical/index.ts'

/** Quinlan's weather (1986), with the numbers of Weka's weather.numeric. */
const rows = [
  ['sunny', 'hot', 'high', 'false', 'no', 85, 85],
  ['sunny', 'hot', 'high', 'true', 'no', 80, 90],
  ['overcast', 'hot', 'high', 'false', 'yes', 83, 86],
  ['rainy', 'mild', 'high', 'false', 'yes', 70, 96],
  ['rainy', 'cool', 'normal', 'false', 'yes', 68, 80],
  ['rainy', 'cool', 'normal', 'true', 'no', 65, 70],
  ['overcast', 'cool', 'normal', 'true', 'yes', 64, 65],
  ['sunny', 'mild', 'high', 'false', 'no', 72, 95],
  ['sunny', 'cool', 'normal', 'false', 'yes', 69, 70],
  ['rainy', 'mild', 'normal', 'false', 'yes', 75, 80],
  ['sunny', 'mild', 'normal', 'true', 'yes', 75, 70],
  ['overcast', 'mild', 'high', 'true', 'yes', 72, 90],
  ['overcast', 'hot', 'normal', 'false', 'yes', 81, 75],
  ['rainy', 'mild', 'high', 'true', 'no', 71, 91],
]

const all = Table.fromRows(rows, [
  'outlook',
  'temperature',
  'humidity',
  'windy',
  'play',
  'degrees',
  'percent',
])

export const weatherNominal: Table = all.select(['outlook', 'temperature', 'humidity', 'windy', 'play'])

/** Temperature in degrees Fahrenheit, humidity in percent. */
export const weatherNumeric: Table = new Table(
  all.select(['outlook', 'degrees', 'percent', 'windy', 'play']).columns.map((column) => ({
    ...column,
    name: { degrees: 'temperature', percent: 'humidity' }[column.name] ?? column.name,
  })),
)
