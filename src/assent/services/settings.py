"""What an operator may set, from the environment (ASSENT_...) or a .env file."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assent.errors import Invalid

PREFIX = "ASSENT_"


class Settings(BaseSettings):
    """Every setting has a default that works on one machine with nothing else installed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    data: Path = Field(default=Path("var"), description="Folder of the embedded databases and the key file.")
    database_url: str = Field(
        default="", repr=False, description="PostgreSQL URL; empty keeps an SQLite file in `data`."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Keys that seal secrets, newest first, comma-separated; empty keeps a file in `data`.",
    )
    host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    port: int = Field(default=8400, ge=0, le=65535, description="Its port; 0 takes a free one.")
    public_url: str = Field(
        default="", description="How people and Dynamics reach this server: links in mails, webhooks."
    )
    allow_other_hosts: bool = Field(
        default=False, description="Allow organisations outside Microsoft's hosts, such as the emulator."
    )
    executor_id: str = Field(
        default="", description="Name of this process among those of one database; empty chooses one."
    )
    smtp_host: str = Field(default="", description="Mail server that takes our mail; empty: no sends.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["none", "starttls", "implicit"] = Field(
        default="starttls", description="How the connection to it is protected."
    )
    smtp_username: str = Field(default="", description="User name at the mail server, where it wants one.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    smtp_connections: int = Field(
        default=8, ge=1, le=64, description="How many connections to it are used at the same time."
    )
    smtp_ca_file: str = Field(
        default="", description="File with certificates to trust there instead of the system's."
    )
    mail_rates: str = Field(
        default="", description="Mails a minute by domain, such as gmail.com=600, *=1200; empty: no limit."
    )
    mail_from: str = Field(default="", description="Sender of all mail, as Name <address> or an address.")
    return_path: str = Field(
        default="",
        description="Mailbox that bounces come back to, each at NAME+...@DOMAIN; empty: to the sender.",
    )
    tick: str = Field(default="* * * * *", description="How often due sweeps are looked for, as cron.")

    @property
    def reached_at(self) -> str:
        """The address people and Dynamics reach this server at; the local one where none was set."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def store_url(self) -> str:
        """Where contacts, links and the ledger live."""
        return self.database_url or f"sqlite:///{self.data / 'assent.sqlite'}"

    @property
    def engine_url(self) -> str:
        """Where the durable engine keeps its own state."""
        return self.database_url or f"sqlite:///{self.data / 'engine.sqlite'}"


def read_settings() -> Settings:
    """Read them; raises Invalid that names the variable and what it wants."""
    try:
        return Settings()
    except ValidationError as error:
        told = [f"{PREFIX}{str(wrong['loc'][0]).upper()}: {wrong['msg']}" for wrong in error.errors()]
        raise Invalid("A setting cannot work. " + "; ".join(told) + ". README lists them all.") from None
