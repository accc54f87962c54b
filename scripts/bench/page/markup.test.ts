import { html, trusted } from './markup';

it('escapes what goes into elements and attributes', () => {
  const evil = `<script>alert("1" & '2')</script>`;
  expect(html`<p title="${evil}">${evil}</p>`.markup).not.toMatch(/<script|alert\("/);
  expect(html`${'a & b'}`.markup).toBe('a &#38; b');
});

it('puts in markup, lists, numbers and nothing', () => {
  const list = ['<', 'b'].map((text) => html`<li>${text}</li>`);
  expect(html`<ul>${list}</ul>${1.5}${undefined}${false}${trusted('<hr>')}`.markup).toBe(
    '<ul><li>&#60;</li><li>b</li></ul>1.5<hr>',
  );
});
