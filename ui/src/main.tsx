import { createRoot } from 'react-dom/client';
import { STYLE } from '../../src/report/page/style.ts';
import { App } from './app.tsx';
import { Client } from './client.ts';
import { LAB_STYLE } from './style.ts';

// the worker loads while the page is drawn
const client = new Client();
client.warm();
const style = document.createElement('style');
style.textContent = STYLE + LAB_STYLE;
document.head.append(style);
createRoot(document.getElementById('app')!).render(<App client={client} />);
