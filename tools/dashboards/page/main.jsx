// Draws one dashboard: window.INPUT has its JSON, the answers to its queries, and how to draw it.
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import { FieldType, createTheme, dateTime, toDataFrame } from '@grafana/data';
import { GlobalStyles, PanelChrome, PanelContextProvider, ThemeContext } from '@grafana/ui';
import { Component } from 'react';
import { createRoot } from 'react-dom/client';
import { frames } from './frames';
import { prepare } from './grafana';
import { Bars, Lines, Nothing, Rows, Stat } from './kinds';
import { Chart, Layout, Strips } from './near';

const { title, panels, width, mode, zone, variables } = window.INPUT;
// Grafana's grid: 24 columns, lines of 30 pixels and 8 between them; one column on a phone
const [COLUMNS, LINE, GAP, PHONE] = [24, 30, 8, 769];
const KINDS = { timeseries: Lines, stat: Stat, bargauge: Bars, table: Rows };
const NEAR = { 'state-timeline': Strips, 'status-history': Strips, xychart: Layout, barchart: Chart };
// Grafana keeps these kinds to itself
const MARK = 'drawn nearly';

const theme = createTheme({ colors: { mode } });
const replaceVariables = (text, scoped = {}) =>
  String(text).replace(/\$\{?(\w+)(?::\w+)?\}?/g, (all, name) => scoped[name]?.value ?? variables[name] ?? all);
const context = {
  theme,
  zone,
  replaceVariables,
  range: ({ range: [from, to] }) => ({ from: dateTime(from * 1000), to: dateTime(to * 1000), raw: { from: '', to: '' } }),
  marks: ({ marks }) => marks,
};

const empty = (data) => !data.some((frame) => frame.length && frame.fields.some(({ type }) => type !== FieldType.time));

// a panel that cannot be drawn does not take the others with it, but the pictures have failed
class Guard extends Component {
  state = {};
  static getDerivedStateFromError(error) {
    return { error };
  }
  componentDidCatch(error) {
    (window.BROKEN ??= []).push(`${this.props.title}: ${error.stack}`);
  }
  render() {
    return this.state.error ? <div className="nothing">{String(this.state.error)}</div> : this.props.children;
  }
}

function Panel({ panel, data, width, height }) {
  const Kind = KINDS[panel.type] ?? NEAR[panel.type];
  const items = [panel.type in NEAR && MARK, panel.timeFrom && `since ${panel.timeFrom}`].filter(Boolean);
  return (
    <PanelChrome
      title={replaceVariables(panel.title)}
      description={panel.description}
      width={width}
      height={height}
      titleItems={items.length ? <span className="remark">{items.join(' · ')}</span> : undefined}
    >
      {(w, h) =>
        empty(data) && panel.type !== 'stat' ? (
          <Nothing panel={panel} width={w} height={h} />
        ) : (
          <Guard title={panel.title}>
            <Kind panel={panel} data={data} width={w} height={h} context={context} />
          </Guard>
        )
      }
    </PanelChrome>
  );
}

function Board({ drawn }) {
  const phone = width < PHONE;
  const column = (width - 2 * GAP + GAP) / COLUMNS;
  let below = GAP;
  return (
    <>
      {drawn.map(({ panel, data }, index) => {
        const { x, y, w, h } = panel.gridPos;
        const place = phone
          ? { left: GAP, top: below, width: width - 2 * GAP, height: h * (LINE + GAP) - GAP }
          : { left: GAP + x * column, top: GAP + y * (LINE + GAP), width: w * column - GAP, height: h * (LINE + GAP) - GAP };
        below += place.height + GAP;
        return (
          <div key={index} className="place" style={place} data-title={replaceVariables(panel.title)} data-type={panel.type}>
            {panel.type === 'row' ? (
              <h2>
                {replaceVariables(panel.title)}
                {panel.collapsed ? <span className="remark"> collapsed until it is opened</span> : null}
              </h2>
            ) : (
              <Panel panel={panel} data={data} width={place.width} height={place.height} />
            )}
          </div>
        );
      })}
    </>
  );
}

async function main() {
  const drawn = await Promise.all(
    panels.map(async (panel) => {
      if (panel.type === 'row') return { panel };
      const { data, fieldConfig } = await prepare(panel, frames(panel.answers).map(toDataFrame), context);
      return { panel: { ...panel, fieldConfig }, data };
    })
  );
  // the sizes of texts are measured before they are drawn
  await Promise.all(['400', '500'].map((weight) => document.fonts.load(`${weight} 16px Inter`)));
  const bottom = Math.max(...drawn.map(({ panel: { gridPos: g } }) => g.y + g.h)) * (LINE + GAP) + GAP;
  const whole = width < PHONE ? drawn.reduce((sum, { panel: { gridPos: g } }) => sum + g.h * (LINE + GAP), GAP) : bottom;
  const root = document.getElementById('root');
  Object.assign(root.style, { width: `${width}px`, height: `${whole}px`, background: theme.colors.background.canvas });
  document.title = title;
  createRoot(root).render(
    <ThemeContext.Provider value={theme}>
      <PanelContextProvider value={{ eventsScope: 'board', eventBus: { subscribe() {}, publish() {}, getStream: () => ({ pipe: () => ({ subscribe() {} }) }) } }}>
        <GlobalStyles isExtensionSidebarOpen={false} />
        <Board drawn={drawn} />
      </PanelContextProvider>
    </ThemeContext.Provider>
  );
  requestAnimationFrame(() => setTimeout(() => (window.DRAWN = true), 300));
}

main().catch((error) => (window.FAILED = String(error?.stack ?? error)));
