import { quantityOf } from './quantity';

it.each([
  [512, '512Mi'],
  [1536, '1536Mi'],
  [2048, '2Gi'],
  [1_048_576, '1Ti'],
])('%d MiB is spelled %s', (mebibytes, text) => {
  expect(quantityOf(mebibytes)).toBe(text);
});
